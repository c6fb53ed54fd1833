"""Routes and error responses of the Replicate API; outputs are served at /files.

See https://replicate.com/docs/reference/http.
"""

import re
from typing import Any, Final, cast
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.body import BodyParser
from edge.emulator.providers.faults import Endpoint, Fault, FaultKind
from edge.emulator.providers.replicate.adapter import ReplicateAdapter
from edge.emulator.providers.replicate.emulator import ReplicateEmulator
from edge.emulator.providers.replicate.errors import ReplicateError, injected_error
from edge.emulator.providers.replicate.prediction import EVENTS, Prediction
from edge.emulator.providers.replicate.uploads import MAX_UPLOAD, Uploads
from edge.emulator.providers.response import letter_id
from edge.emulator.providers.router import Body, Router

_VERSION: Final = re.compile(r"(?:[\w.-]+/[\w.-]+:)?([0-9a-f]{64})")
_WAIT: Final = re.compile(r"wait(?:=(\d{1,3}))?")
_LONGEST_WAIT: Final = 60
_MODEL_VERSION: Final = "2c8e954decbf70b7607a4414e5785ef9e4de4b8c51d50fb8b8b349160e0ef6bb"
_PAGE: Final = 100


def create_replicate_app(replicate: ReplicateEmulator, bodies: BodyParser) -> Starlette:
    """Build the app of predictions, models, the webhook secret, output files and uploads."""
    router = Router(ReplicateAdapter(), replicate.faults, bodies)
    routes, uploads = _Routes(replicate), Uploads()
    create, read = Endpoint.CREATE_PREDICTION, Endpoint.READ_PREDICTION
    models = "/v1/models/{owner}/{name}"
    return Starlette(
        routes=[
            router.route("POST", "/v1/predictions", create, routes.create, body=True),
            router.route("POST", f"{models}/predictions", create, routes.create, body=True),
            router.route("GET", "/v1/predictions", read, routes.list, body=False),
            router.route("GET", "/v1/predictions/{id}", read, routes.read, body=False),
            router.route("POST", "/v1/predictions/{id}/cancel", read, routes.cancel, body=False),
            router.route("GET", models, Endpoint.MODELS, routes.model, body=False),
            router.route(
                "GET", f"{models}/versions/{{version}}", Endpoint.MODELS, routes.version, body=False
            ),
            router.route("GET", "/v1/account", Endpoint.MODELS, routes.account, body=False),
            router.route(
                "GET", "/v1/webhooks/default/secret", Endpoint.MODELS, routes.secret, body=False
            ),
            router.upload("/v1/files", Endpoint.FILES, uploads.create, MAX_UPLOAD),
            router.route("GET", "/v1/files", Endpoint.FILES, uploads.list, body=False),
            router.route("GET", "/v1/files/{id}", Endpoint.FILES, uploads.read, body=False),
            router.route("DELETE", "/v1/files/{id}", Endpoint.FILES, uploads.delete, body=False),
            Route("/files/{path:path}", routes.file),
        ],
        exception_handlers={
            ReplicateError: _render_error,
            HTTPException: _render_missing,
            Exception: _render_crash,
        },
    )


class _Routes:
    def __init__(self, replicate: ReplicateEmulator) -> None:
        self._replicate = replicate

    async def create(self, request: Request, body: Body, fault: Fault | None) -> Response:
        prediction = _parse(request, body, self._replicate.base_url or _base_url(request))
        self._replicate.create(prediction, fault)
        match = _WAIT.fullmatch(request.headers.get("prefer", ""))
        if match:
            seconds = min(int(match[1] or _LONGEST_WAIT), _LONGEST_WAIT)
            await self._replicate.wait(prediction, seconds)
        return JSONResponse(prediction.render(), 201)

    async def read(self, request: Request, _body: Body, _fault: Fault | None) -> Response:
        return JSONResponse(self._replicate.find(request.path_params["id"]).render())

    async def list(self, _request: Request, _body: Body, _fault: Fault | None) -> Response:
        found = [prediction.render() for prediction in self._replicate.list()[:_PAGE]]
        return JSONResponse({"previous": None, "next": None, "results": found})

    async def cancel(self, request: Request, _body: Body, _fault: Fault | None) -> Response:
        prediction = self._replicate.find(request.path_params["id"])
        await self._replicate.cancel(prediction)
        return JSONResponse(prediction.render())

    async def model(self, request: Request, _body: Body, _fault: Fault | None) -> Response:
        owner, name = request.path_params["owner"], request.path_params["name"]
        return JSONResponse(
            {
                "url": f"https://replicate.com/{owner}/{name}",
                "owner": owner,
                "name": name,
                "description": "Emulated: draws local-procedural pictures.",
                "visibility": "public",
                "run_count": 0,
                "latest_version": _render_version(_MODEL_VERSION),
            }
        )

    async def version(self, request: Request, _body: Body, _fault: Fault | None) -> Response:
        if not _VERSION.fullmatch(request.path_params["version"]):
            raise ReplicateError(404)
        return JSONResponse(_render_version(request.path_params["version"]))

    async def account(self, _request: Request, _body: Body, _fault: Fault | None) -> Response:
        return JSONResponse({"type": "user", "username": "local", "name": "Local stack"})

    async def secret(self, _request: Request, _body: Body, _fault: Fault | None) -> Response:
        return JSONResponse({"key": self._replicate.secret})

    async def file(self, request: Request) -> Response:
        """Serve an output file; its URL is the only key, as at replicate.delivery."""
        fault = self._replicate.take_output_fault()
        if fault and fault.kind is FaultKind.STATUS:
            raise injected_error(fault)
        found = self._replicate.files.find(request.path_params["path"])
        if found is None:
            raise ReplicateError(404)
        content, media_type = found
        if fault and fault.kind is FaultKind.EMPTY:
            content = b""
        if fault and fault.kind is FaultKind.TRUNCATED:
            content = content[: len(content) // 2]
        return Response(content, media_type=media_type)


def _parse(request: Request, body: Body, base_url: str) -> Prediction:
    given = body.get("input")
    if not isinstance(given, dict):
        raise ReplicateError(422, "- input: Invalid type. Expected: object")
    owner, name = request.path_params.get("owner"), request.path_params.get("name")
    model, version = (f"{owner}/{name}", "hidden") if owner else ("", _parse_version(body))
    return Prediction(
        id=letter_id("", 26).lower(),
        model=model,
        version=version,
        input=cast("dict[str, Any]", given),
        base_url=base_url,
        webhook=_parse_webhook(body),
        events=_parse_events(body),
    )


def _parse_version(body: Body) -> str:
    match = _VERSION.fullmatch(str(body.get("version") or ""))
    if not match:
        raise ReplicateError(
            422,
            "- version: The specified version does not exist (or perhaps you don't have permission"
            " to use it?)",
        )
    return match[1]


def _parse_webhook(body: Body) -> str | None:
    url = body.get("webhook")
    if url is None:
        return None
    # The real API takes https only; the local stack has http.
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
        raise ReplicateError(422, "- webhook: Does not match format 'uri'")
    return url


def _parse_events(body: Body) -> tuple[str, ...]:
    given = body.get("webhook_events_filter")
    if given is None:
        return EVENTS
    events = cast("list[Any]", given) if isinstance(given, list) else [None]
    if any(event not in EVENTS for event in events):
        raise ReplicateError(422, f"- webhook_events_filter: must be of {', '.join(EVENTS)}")
    return tuple(str(event) for event in events)


def _base_url(request: Request) -> str:
    """Return the URL below which this app is mounted, as the caller reached it."""
    root = request.scope.get("root_path", "").rstrip("/")
    return f"{request.url.scheme}://{request.url.netloc}{root}"


def _render_version(version: str) -> dict[str, Any]:
    inputs = {name: {"type": "string"} for name in ("prompt", "negative_prompt", "scheduler")}
    inputs |= {name: {"type": "integer"} for name in ("steps", "width", "height", "seed")}
    schemas = {
        "Input": {"type": "object", "properties": inputs},
        "Output": {"type": "string", "format": "uri"},
    }
    return {
        "id": version,
        "created_at": "2023-08-30T00:00:00Z",
        "cog_version": "0.8.6",
        "openapi_schema": {"openapi": "3.0.2", "components": {"schemas": schemas}},
    }


async def _render_error(_request: Request, exc: Exception) -> Response:
    error = exc if isinstance(exc, ReplicateError) else ReplicateError(500)
    return JSONResponse(error.body(), error.status, headers=error.headers)


async def _render_missing(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    return await _render_error(request, ReplicateError(status))


async def _render_crash(request: Request, _exc: Exception) -> Response:
    """Answer 500 without details; Starlette logs the traceback."""
    return await _render_error(request, ReplicateError(500))
