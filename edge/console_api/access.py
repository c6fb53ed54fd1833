"""Access to the console's API: with its token, or with the secret key."""

import json
from dataclasses import dataclass
from hmac import compare_digest

from starlette.types import ASGIApp, Receive, Scope, Send

from edge.gateway.guard import Secret

_NO_TOKEN = (
    "CONSOLE_TOKEN_REQUIRED",
    "Send the console's token as `Authorization: Bearer …`, or the secret key as `apikey`.",
    "`edge start` prints a link with the token; it is also in .edge/console-token.",
)


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Passes requests with the console's token, or the project's secret key, on to `app`."""

    app: ASGIApp
    token: str
    secret: Secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        values = dict(scope["headers"])
        authorization = values.get(b"authorization", b"").decode("latin-1")
        if self._is_token(authorization) or self.secret.is_in(authorization):
            await self.app(scope, receive, send)
            return
        code, message, hint = _NO_TOKEN
        body = json.dumps({"code": code, "message": message, "hint": hint}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _is_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode("latin-1", "replace")
        return scheme.lower() == "bearer" and compare_digest(given, self.token.encode())
