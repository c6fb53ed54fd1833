"""The decorator that makes a handler an edge function.

CORS, method, credentials, body, error boundary and log line happen here, in this order, so that a
handler runs only for a request it should answer, and no failure leaves without its headers.
"""

import functools
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import functions_framework.aio
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.auth.authenticate import Mode, authenticate
from shared.auth.credentials import read_credentials
from shared.context import Context
from shared.database.clients import translate_database_error
from shared.env import Env, current_env
from shared.errors import (
    FunctionError,
    InternalError,
    MethodNotAllowedError,
    public_form,
    render_error,
)
from shared.http.body import MAX_BODY, read_model
from shared.http.cors import allow_any_origin, preflight
from shared.http.deadline import REQUEST_SECONDS, deadline
from shared.runtime.log import RequestLog
from shared.runtime.trace import adopt_trace
from shared.runtime.traceback import render_trace

Answer = Response | Mapping[str, Any] | tuple[Mapping[str, Any], int]
Handler = Callable[..., Awaitable[Answer]]
HttpFunction = Callable[[Request], Awaitable[Response]]
ErrorBody = Callable[[FunctionError, RequestLog], Mapping[str, Any]]

_REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{8,128}$")
_REQUEST_ID_HEADERS: Final = ("x-request-id", "sb-request-id")


def _plain_error_body(error: FunctionError, _log: RequestLog) -> Mapping[str, Any]:
    return render_error(error)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    handler: Handler
    methods: tuple[str, ...]
    auth: tuple[Mode, ...]
    body: type[BaseModel] | None
    error_body: ErrorBody
    timeout: float
    preflight_status: int


def endpoint(
    *,
    auth: Mode | Sequence[Mode],
    methods: Sequence[str] = ("POST",),
    body: type[BaseModel] | None = None,
    error_body: ErrorBody = _plain_error_body,
    timeout: float = REQUEST_SECONDS,
    preflight_status: int = 200,
) -> Callable[[Handler], HttpFunction]:
    """Register `async def main(ctx)` or, with a `body` model, `async def main(ctx, body)`.

    `auth` has no default: who may call is a decision. Modes in a sequence are tried in order.
    `timeout` is the seconds until the answer begins; calls of models get what is left of it.
    """
    modes: tuple[Mode, ...] = (auth,) if isinstance(auth, str) else tuple(auth)

    def decorate(handler: Handler) -> HttpFunction:
        declared = _Endpoint(
            handler, tuple(methods), modes, body, error_body, timeout, preflight_status
        )

        @functools.wraps(handler)
        async def main(request: Request) -> Response:
            return await _serve(declared, request)

        functions_framework.aio.http(main)  # registers the name
        return main

    return decorate


async def _serve(declared: _Endpoint, request: Request) -> Response:
    if request.method == "OPTIONS":
        return preflight(declared.preflight_status)
    log = RequestLog(_request_id(request), "")
    if trace_id := adopt_trace(request.headers):
        log.fields["trace_id"] = trace_id
    status = 499  # what the log says if the caller goes away before there is an answer
    try:
        response = await _answer(declared, request, log)
        status = response.status_code
    finally:
        log.write(status)
    response.headers["X-Request-Id"] = log.request_id
    return allow_any_origin(response)


async def _answer(declared: _Endpoint, request: Request, log: RequestLog) -> Response:
    try:
        env = current_env()
        log.function = env.function
        async with deadline(declared.timeout):
            return _to_response(await _handle(declared, request, env, log))
    except Exception as exc:  # whatever it is, the caller gets an answer
        error = _classify(exc)
        _log_failure(log, error, exc)
        return _render(declared, public_form(error), log)


async def _handle(declared: _Endpoint, request: Request, env: Env, log: RequestLog) -> Answer:
    if request.method not in declared.methods:
        allowed = ", ".join((*declared.methods, "OPTIONS"))
        raise MethodNotAllowedError(
            f"This function answers {allowed}, not {request.method}.", headers={"Allow": allowed}
        )
    credentials = read_credentials(request.headers)
    principal = await authenticate(declared.auth, credentials, env.supabase)
    ctx = Context(request, principal, env, log)
    if declared.body is None:
        return await declared.handler(ctx)
    return await declared.handler(ctx, await read_model(request, declared.body, MAX_BODY))


def _classify(error: Exception) -> FunctionError:
    if isinstance(error, FunctionError):
        return error
    return translate_database_error(error, current_env().supabase.url) or InternalError()


def _log_failure(log: RequestLog, error: FunctionError, cause: Exception) -> None:
    log.fields["error"] = {"code": error.code, "message": error.message, **error.metadata}
    if error.status >= 500:
        log.fields["error"]["traceback"] = render_trace(cause)


def _to_response(answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    content, status = answer if isinstance(answer, tuple) else (answer, 200)
    return _Json(content, status_code=status)


def _render(declared: _Endpoint, error: FunctionError, log: RequestLog) -> Response:
    body = declared.error_body(error, log)
    return _Json(body, status_code=error.status, headers=error.headers)


class _Json(JSONResponse):
    """JSON in which half of a surrogate pair, which UTF-8 has no bytes for, becomes a `?`."""

    def render(self, content: Any) -> bytes:
        try:
            return super().render(content)
        except UnicodeEncodeError:
            whole = json.dumps(content, ensure_ascii=False, allow_nan=False)
            return whole.encode("utf-8", "replace")


def _request_id(request: Request) -> str:
    """Return the gateway's request id if it is safe to log."""
    for header in _REQUEST_ID_HEADERS:
        given = request.headers.get(header, "")
        if _REQUEST_ID.match(given):
            return given
    return str(uuid4())
