"""The API of the operators' console: the project with its secret key, read-only unless allowed.

The console's process sends its session's token, and has no key of the project. What is not a read
needs an operator who may write, and is recorded before it is done.
"""

from collections.abc import AsyncGenerator
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge.console_proxy.reading import OVERRIDES, READS, has_dots, only_reads
from edge.operators.project import Project
from edge.operators.sessions import Session, Sessions

_METHODS: Final = [*READS, "POST", "PUT", "PATCH", "DELETE"]
_PREFIXES: Final = ("/rest/v1/", "/auth/v1/", "/storage/v1/", "/functions/v1/")
_NOT_SENT: Final = frozenset(
    (
        *("host", "connection", "content-length", "transfer-encoding", "cookie", "origin"),
        *("authorization", "apikey", "accept-encoding", "x-console-as", "expect", "upgrade"),
        *OVERRIDES,
    )
)
_NOT_ANSWERED: Final = frozenset(
    ("connection", "transfer-encoding", "content-length", "content-encoding", "date", "set-cookie")
)


def create_api(sessions: Sessions) -> Starlette:
    """Return the app; paths are relative to /console/api."""
    app = Starlette(
        routes=[
            Route("/status", _show_status),
            Route("/audit", _list_audit),
            Route("/users", _list_users),
            Route("/processes", _list_processes),
            Route("/project/{path:path}", _call_project, methods=_METHODS),
            Route("/services/{path:path}", _call_service, methods=_METHODS),
        ]
    )
    app.state.sessions = sessions
    return app


async def _show_status(request: Request) -> Response:
    session = await _session(request)
    if session is None:
        return _refuse(401, "SIGN_IN", "You are not signed in any more.", "Sign in again.")
    operator = session.operator
    return JSONResponse({"operator": operator.email, "may_write": operator.may_write})


async def _list_audit(request: Request) -> Response:
    session = await _session(request)
    if session is None:
        return _refuse(401, "SIGN_IN", "You are not signed in any more.", "Sign in again.")
    cursor = request.query_params.get("cursor", "")
    query = {"p_before": cursor} if cursor.isascii() and cursor.isdigit() else {}
    project = _project(request)
    answer = await project.client.get(
        project.address("/rest/v1/rpc/list_console_actions_v1"),
        params=query,
        headers=project.secret_headers,
    )
    if answer.is_error:
        return _no_audit()
    rows = answer.json()
    following = str(rows[-1]["id"]) if len(rows) == 100 else None
    return JSONResponse({"data": rows, "next": following})


async def _list_users(request: Request) -> Response:
    """List the newest users whose address or name contains `q`, by id and address."""
    if await _session(request) is None:
        return _refuse(401, "SIGN_IN", "You are not signed in any more.", "Sign in again.")
    project = _project(request)
    answer = await project.client.get(
        project.address("/auth/v1/admin/users"),
        params={"per_page": "50", "filter": request.query_params.get("q", "")},
        headers=project.secret_headers,
    )
    if answer.is_error:
        return _refuse(502, "PROJECT_UNREACHABLE", f"Auth answers {answer.status_code}.")
    users = [{"id": user["id"], "email": user.get("email")} for user in answer.json()["users"]]
    return JSONResponse({"data": users, "next": None})


async def _list_processes(request: Request) -> Response:
    """List none: this console runs beside no stack."""
    if await _session(request) is None:
        return _refuse(401, "SIGN_IN", "You are not signed in any more.", "Sign in again.")
    return JSONResponse({"data": [], "next": None})


async def _call_service(request: Request) -> Response:
    service, _, rest = (
        request.scope["raw_path"].decode("latin-1").partition("/services/")[2].partition("/")
    )
    return await _call(request, f"/{service}/v1/{rest}")


async def _call_project(request: Request) -> Response:
    raw = request.scope["raw_path"].decode("latin-1")
    return await _call(request, "/" + raw.partition("/project/")[2])


async def _call(request: Request, path: str) -> Response:
    session = await _session(request)
    if session is None:
        return _refuse(401, "SIGN_IN", "You are not signed in any more.", "Sign in again.")
    if not path.startswith(_PREFIXES) or has_dots(path):
        return _refuse(404, "NOT_FOUND", "There is no such path.")
    wanted = request.headers.get("x-console-as", "")
    if wanted not in {"", "service_role"}:
        return _refuse(400, "NOT_IN_PRODUCTION", "No user is impersonated here.")
    project = _project(request)
    if not only_reads(request.method, path):
        if not session.operator.may_write:
            return _refuse(
                403,
                "READ_ONLY",
                "You may read here, not change anything.",
                'Who may has app_metadata {"console": "write"}: see docs/OPERATIONS.md.',
            )
        try:
            query = request.scope["query_string"].decode("latin-1")
            await project.record(session.operator, request.method.lower(), path, query=query[:2000])
        except httpx.HTTPError:
            return _no_audit()
    return await _pass_on(request, project, path)


async def _pass_on(request: Request, project: Project, path: str) -> Response:
    query = request.scope["query_string"].decode("latin-1")
    headers = {n: v for n, v in request.headers.items() if n not in _NOT_SENT}
    length = request.headers.get("content-length")
    has_body = "transfer-encoding" in request.headers or length not in {None, "0"}
    if length and has_body:
        headers["content-length"] = length
    sent = project.client.build_request(
        request.method,
        project.address(path) + (f"?{query}" if query else ""),
        headers=headers | project.secret_headers,
        content=request.stream() if has_body else None,
    )
    try:
        answer = await project.client.send(sent, stream=True)
    except httpx.HTTPError as exc:
        return _refuse(502, "PROJECT_UNREACHABLE", f"The project does not answer: {exc!r}")

    async def body() -> AsyncGenerator[bytes]:
        async for part in answer.aiter_bytes():
            yield part

    kept = {n: v for n, v in answer.headers.items() if n not in _NOT_ANSWERED}
    task = BackgroundTask(answer.aclose)
    return StreamingResponse(body(), answer.status_code, kept, background=task)


async def _session(request: Request) -> Session | None:
    """Return the session whose token the request has, if it is still an operator's."""
    sessions: Sessions = request.app.state.sessions
    _, _, token = request.headers.get("authorization", "").partition(" ")
    session = sessions.by_token(token.strip())
    if session is None:
        return None
    try:
        return session if await sessions.check(session) else None
    except httpx.HTTPError:
        return None


def _project(request: Request) -> Project:
    sessions: Sessions = request.app.state.sessions
    return sessions.project


def _no_audit() -> Response:
    return _refuse(
        503,
        "AUDIT_UNAVAILABLE",
        "The audit table does not answer, so that nothing is done.",
        "Apply the migrations: edge db push",
    )


def _refuse(status: int, code: str, message: str, hint: str = "") -> Response:
    return JSONResponse({"code": code, "message": message, "hint": hint}, status)
