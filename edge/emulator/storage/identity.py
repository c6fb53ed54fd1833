"""Authenticate a request of the storage service: Authorization → role and claims."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from edge.emulator.storage.errors import access_denied
from edge.tokens import Keys, TokenError, TokenFault, verify

_REASONS: Final = {
    TokenFault.MALFORMED: "Invalid Compact JWS",
    TokenFault.ALGORITHM: "Invalid Compact JWS",
    TokenFault.SIGNATURE: "signature verification failed",
    TokenFault.EXPIRED: '"exp" claim timestamp check failed',
    TokenFault.NOT_YET_VALID: '"nbf" claim timestamp check failed',
}
_WRONG_KEY: Final = ": the API key is none of this project's"


@dataclass(frozen=True, slots=True)
class Caller:
    """The request's database role and its token's claims, also as JSON."""

    role: str
    claims: Mapping[str, Any]
    token: str

    @property
    def user_id(self) -> str | None:
        """The claim `sub`, which becomes the owner of what the caller creates."""
        subject = self.claims.get("sub")
        return subject if isinstance(subject, str) and subject else None

    def claims_json(self) -> str:
        return json.dumps(dict(self.claims), ensure_ascii=False)


def explain_token(error: TokenError) -> str:
    """Return the reason in the words of upstream's library."""
    return _REASONS[error.fault]


def authenticate(request: Request, keys: Keys) -> Caller:
    """Return the caller. Raises AccessDenied without a valid token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else ""
    try:
        claims = verify(token, keys)
    except TokenError as exc:
        wrong = _WRONG_KEY if token.startswith("sb_") else ""
        raise access_denied(explain_token(exc) + wrong) from exc
    return Caller(str(claims.get("role") or "anon"), claims, token)
