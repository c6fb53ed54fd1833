"""The operators' console as an ASGI app: sign-in, the API, and the pages of a session's process."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from math import ceil
from typing import Final
from urllib.parse import parse_qs

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.bodies import BodyTooLongError, read_at_most
from edge.console_proxy.access import is_same_origin
from edge.console_proxy.app import ConsoleViews
from edge.console_proxy.process import ConsoleProcess
from edge.console_proxy.socket import PagesSocket
from edge.events import Observer
from edge.gateway.guard import Guard
from edge.operators.api import create_api
from edge.operators.attempts import Attempts, client_address
from edge.operators.project import Operator, Project, SignInError
from edge.operators.sessions import COOKIE, Header, Session, Sessions

_SIGN_IN: Final = "/console/sign-in"
_LONGEST_FORM: Final = 8192
_FORM_SECONDS: Final = 20.0
_SECURITY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",  # without one, the form is sent with `Origin: null`
    "x-content-type-options": "nosniff",
}
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Sign in · Console</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 22rem; margin: 12vh auto; padding: 0 1rem }}
label {{ display: block; margin: .8rem 0 .2rem }}
input {{ width: 100%; box-sizing: border-box; padding: .5rem; font: inherit }}
button {{ margin-top: 1rem; padding: .5rem 1.2rem; font: inherit }}
.fault {{ color: light-dark(#b3261e, #ff9d94) }}
</style>
<main>
<h1>Console</h1>
<p>For operators of {project}.</p>
<p class="fault" role="alert">{fault}</p>
<form method="post" action="{action}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus
 value="{email}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="code">Code of your authenticator, if you have one</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code">
<button>Sign in</button>
</form>
</main>
</html>
"""


@dataclass(slots=True)
class OperatorConsole:
    """Serves /console for the operators of `project`; `hosts` are its names besides localhost.

    `environment` returns the variables of the process of a session with this token;
    `trusted_proxies` may name the client in X-Forwarded-For.
    """

    project: Project
    environment: Callable[[str], Mapping[str, str]]
    observe: Observer
    hosts: frozenset[str] = frozenset()
    trusted_proxies: str = ""
    attempts: Attempts = field(default_factory=Attempts, init=False)
    sessions: Sessions = field(init=False)
    _api: Starlette = field(init=False)
    _guarded: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.project, self._create_views)
        self._api = create_api(self.sessions)
        self._guarded = Guard(self._serve, hosts=self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._guarded(scope, receive, send)

    async def close(self) -> None:
        """End all sessions."""
        await self.sessions.close()
        await self.project.close()

    def open_socket(self) -> PagesSocket:
        """Return the protocol of a page's WebSocket."""
        return PagesSocket(self._check_upgrade)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/console/api/"):
            await _without_prefix(self._api, "/console/api")(scope, receive, send)
            return
        chosen: ASGIApp = Response(status_code=204)
        if path != "/favicon.ico":
            chosen = await self._choose(Request(scope, receive))
        await chosen(scope, receive, send)

    async def _choose(self, request: Request) -> ASGIApp:
        path = request.url.path
        if not is_same_origin(request.scope["headers"]):
            return PlainTextResponse("Not from another site.", 403)
        if path == _SIGN_IN:
            return await self._sign_in(request) if request.method == "POST" else self._ask()
        session = self.sessions.by_cookie(request.scope["headers"])
        if path == "/console/sign-out":
            if session and request.method == "POST":
                await self.sessions.end(session)
            return RedirectResponse(_SIGN_IN, 303)
        if path != "/console" and not path.startswith("/console/"):
            return PlainTextResponse("There is only /console.", 404)
        if session is None or not await self._is_still_operator(session):
            return RedirectResponse(_SIGN_IN, 303)
        return _without_prefix(session.views, "/console")

    async def _is_still_operator(self, session: Session) -> bool:
        try:
            return await self.sessions.check(session)
        except httpx.HTTPError:
            return False

    def _ask(self, fault: str = "", status: int = 200, email: str = "") -> Response:
        texts = {"project": self.project.url, "fault": fault, "action": _SIGN_IN, "email": email}
        page = _PAGE.format_map({name: escape(text) for name, text in texts.items()})
        return HTMLResponse(page, status, headers=_SECURITY)

    async def _sign_in(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(_FORM_SECONDS):
                body = await read_at_most(request, _LONGEST_FORM)
        except BodyTooLongError:
            return self._ask("The form is too long.", 413)
        except TimeoutError:
            return self._ask("The form did not arrive: try again.", 408)
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        email, password, code = (form.get(n, [""])[0] for n in ("email", "password", "code"))
        email, address = email.strip(), client_address(request, self.trusted_proxies)
        if wait := self.attempts.begin(address, email):
            return self._refuse_for(wait, email)
        try:
            operator = await self.project.sign_in(email, password, code)
        except SignInError as exc:
            return self._ask(str(exc), 401, email)
        except httpx.HTTPError:
            self.attempts.give_back(address, email)  # the password was not looked at
            return self._ask("The project does not answer.", 503, email)
        self.attempts.give_back(address, email)
        return await self._let_in(request, operator)

    def _refuse_for(self, seconds: float, email: str) -> Response:
        minutes = ceil(seconds / 60)
        fault = f"There were too many attempts: try again in {minutes} min."
        answer = self._ask(fault, 429, email)
        answer.headers["retry-after"] = str(ceil(seconds))
        return answer

    async def _let_in(self, request: Request, operator: Operator) -> Response:
        try:
            await self._record_sign_in(operator)
        except httpx.HTTPError:
            return self._ask("The project's audit table does not answer.", 503, operator.email)
        session = await self.sessions.open(operator)
        response = RedirectResponse("/console/", 303, headers={"cache-control": "no-store"})
        response.set_cookie(
            COOKIE,
            session.cookie,
            path="/console",
            httponly=True,
            samesite="strict",
            secure=request.headers.get("host", "").rpartition(":")[0] not in _LOCAL,
        )
        return response

    async def _record_sign_in(self, operator: Operator) -> None:
        await self.project.record(operator, "sign_in", "console", may_write=operator.may_write)

    def _create_views(self, token: str) -> ConsoleViews:
        return ConsoleViews(ConsoleProcess(lambda: self.environment(token), self.observe))

    def _check_upgrade(self, headers: list[Header]) -> ConsoleProcess | bytes:
        """Return the process that a WebSocket is for, or the status that refuses it."""
        if Guard(self._serve, hosts=self.hosts).check(headers) or not is_same_origin(headers):
            return b"403 Forbidden"
        session = self.sessions.by_cookie(headers)
        return session.views.process if session else b"401 Unauthorized"


def _without_prefix(app: ASGIApp, prefix: str) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(prefix)
        raw_path = scope["raw_path"].removeprefix(prefix.encode())
        await app({**scope, "path": path, "raw_path": raw_path}, receive, send)

    return serve
