"""Access to /console: names and pages of this machine only, and the token that `edge start` prints.

The link's `?token=…` becomes a cookie of this path and port, so that it leaves the address bar and
no other server on this machine is sent it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import URL
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.cookies import read_cookies
from edge.gateway.guard import Guard, Secret

Header = tuple[bytes, bytes]

PATH: Final = "/console"
_NO_TOKEN: Final = {
    "code": "CONSOLE_TOKEN_REQUIRED",
    "message": "The console answers only to those who have its link.",
    "hint": "Open the CONSOLE_URL that `edge status` prints; programs send its token as "
    "`Authorization: Bearer …`, or the secret key as `apikey`.",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto }}
code {{ background: #8883; padding: .1em .35em; border-radius: .25em }}
</style>
{content}
</html>
"""
_NO_LINK: Final = _PAGE.format(
    title="Open the console",
    content="""<h1>Open the console with its link</h1>
<p>Run this in the project’s folder, and open the <code>console url</code> that it prints:</p>
<p><code>edge status</code></p>
<p>The address changes each time the stack starts.</p>""",
)
_ENTER: Final = '<meta http-equiv="refresh" content="0;url={target}"><p>Opening the console …</p>'
_SECURITY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_FOREIGN: Final[ASGIApp] = JSONResponse(
    {
        "code": "ORIGIN_NOT_ALLOWED",
        "message": "The console is not answered to pages of other servers.",
    },
    403,
)
_NO_LINK_PAGE: Final[ASGIApp] = HTMLResponse(_NO_LINK, 401, headers=_SECURITY)


@dataclass(frozen=True, slots=True)
class ConsoleAccess:
    """Decides who may use the console: bearers of `token`, its cookie, or the secret key."""

    token: str
    secret: Secret
    port: int
    hosts: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers share cookies between the ports of a host."""
        return f"edge_console_{self.port}"

    def guard(self, app: ASGIApp) -> Guard:
        """Let requests of this machine's pages and holders of the token pass to `app`."""
        return Guard(_Door(self, app), hosts=self.hosts)

    def is_allowed(self, headers: Iterable[Header]) -> bool:
        """Whether these headers hold the token as cookie or bearer, or the secret key."""
        values: dict[bytes, str] = {}
        for name, value in headers:  # HTTP/2 front ends split cookies into several headers
            before = f"{values[name]}; " if name == b"cookie" and name in values else ""
            values[name] = before + value.decode("latin-1")
        authorization = values.get(b"authorization", "")
        _, _, bearer = authorization.partition(" ")
        cookie = read_cookies(values.get(b"cookie", "")).get(self.cookie, "")
        given = (cookie, bearer.strip())
        return any(map(self._is_token, given)) or self.secret.is_in(authorization)

    def check_upgrade(self, headers: Iterable[Header]) -> bytes | None:
        """Return the status that refuses a WebSocket with these headers; None if it may open."""
        headers = list(headers)
        if Guard(_NO_LINK_PAGE, hosts=self.hosts).check(headers):
            return b"403 Forbidden"
        if not is_same_origin(headers):
            return b"403 Forbidden"
        return None if self.is_allowed(headers) else b"401 Unauthorized"

    def enter(self, scope: Scope) -> Response | None:
        """Return the response that turns the link's token into a cookie; None without a token."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope["method"] != "GET" or "token" not in query:
            return None
        if not self._is_token(query["token"][0]):
            return HTMLResponse(_NO_LINK, 401, headers=_SECURITY)
        path = PATH + scope["raw_path"].decode("latin-1")
        target = URL(path=path, query=scope["query_string"].decode("latin-1"))
        # A page rather than a redirect: after a link on another site, a browser would follow the
        # redirect without the new cookie.
        content = _ENTER.format(target=_escape(str(target.remove_query_params("token"))))
        response = HTMLResponse(_PAGE.format(title="Console", content=content), headers=_SECURITY)
        response.set_cookie(self.cookie, self.token, path=PATH, httponly=True, samesite="strict")
        return response

    def _is_token(self, text: str) -> bool:
        return bool(self.token) and compare_digest(text.encode(), self.token.encode())


@dataclass(frozen=True, slots=True)
class _Door:
    access: ConsoleAccess
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_same_origin(scope["headers"]):
            await _FOREIGN(scope, receive, send)
        elif entered := self.access.enter(scope):
            await entered(scope, receive, send)
        elif self.access.is_allowed(scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await refuse(scope)(scope, receive, send)


def is_same_origin(headers: Iterable[Header]) -> bool:
    """Whether the Origin, if there is one, is the very address that is asked."""
    values = {name: value.decode("latin-1") for name, value in headers}
    origin = values.get(b"origin")
    return origin is None or origin.partition("://")[2] == values.get(b"host")


def refuse(scope: Scope) -> Response:
    """Return the 401 that says which command prints the link."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"text/html" in accepted:
        return HTMLResponse(_NO_LINK, 401, headers=_SECURITY)
    return JSONResponse(_NO_TOKEN, 401, headers=_SECURITY)


def _escape(url: str) -> str:
    return url.replace("&", "&amp;").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")
