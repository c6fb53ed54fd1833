"""Adapts plain functions and event handlers to coroutine functions of a request."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

import cloudevents.http
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Handler = Callable[[Request], Awaitable[Any]]
_read_event: Final = cast("Callable[..., Any]", cloudevents.http.from_http)  # pyright: ignore[reportUnknownMemberType]
_NOT_PASSED_ON: Final = ("content-length", "transfer-encoding", "connection")


def adapt_event_handler(function: Callable[[Any], Any], concurrency: int) -> Handler:
    """Call `function` with the CloudEvent; plain ones in threads, `concurrency` at a time."""
    threads = ThreadPoolExecutor(concurrency, "function")
    is_async = inspect.iscoroutinefunction(function)

    async def handle(request: Request) -> Response:
        body = await request.body()
        try:
            event = _read_event(dict(request.headers), body)
        except Exception as exc:  # the library raises several of its own
            return PlainTextResponse(f"Bad Request: Got CloudEvent exception: {exc!r}", 400)
        if is_async:
            await function(event)
        else:
            await asyncio.get_running_loop().run_in_executor(threads, function, event)
        return PlainTextResponse("OK")

    return handle


def adapt_plain_function(function: Callable[[Any], Any], concurrency: int) -> Handler:
    """Call `function` with a Flask request in a thread, as functions-framework does."""
    threads = ThreadPoolExecutor(concurrency, "function")
    app = _create_flask_app(function)

    async def handle(request: Request) -> Response:
        body = await request.body()
        work = (_call, app, request, body)
        return await asyncio.get_running_loop().run_in_executor(threads, *work)

    return handle


def _create_flask_app(function: Callable[[Any], Any]) -> Any:
    import flask

    app = flask.Flask(__name__, static_folder=None)

    def view(path: str) -> Any:
        return function(flask.request)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
    options: dict[str, Any] = {"methods": methods, "provide_automatic_options": False}
    app.add_url_rule("/", "root", view, defaults={"path": ""}, **options)
    app.add_url_rule("/<path:path>", "path", view, **options)
    return app


def _call(app: Any, request: Request, body: bytes) -> Response:
    from werkzeug.test import EnvironBuilder, run_wsgi_app

    url = request.url
    builder = EnvironBuilder(
        path=url.path,
        base_url=f"{url.scheme}://{url.netloc}",
        query_string=url.query,
        method=request.method,
        headers=list(request.headers.items()),
        data=body,
    )
    parts: Iterable[bytes]
    parts, status, headers = run_wsgi_app(app, builder.get_environ(), buffered=True)
    response = Response(b"".join(parts), int(status.partition(" ")[0]))
    del response.headers["content-length"]
    for name, value in headers:
        if name.lower() not in _NOT_PASSED_ON:
            response.headers.append(name, value)
    response.headers["content-length"] = str(len(response.body))
    return response
