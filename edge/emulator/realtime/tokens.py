"""Verify the tokens of sockets and channels, with upstream's error texts."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.tokens import Keys, TokenError, TokenFault, verify

_REASONS: Final = {
    TokenFault.MALFORMED: ("MalformedJWT", "The token provided is not a valid JWT"),
    TokenFault.ALGORITHM: ("JwtSignatureError", "Failed to validate JWT signature"),
    TokenFault.SIGNATURE: ("JwtSignatureError", "Failed to validate JWT signature"),
    TokenFault.EXPIRED: ("InvalidJWTToken", "Token has expired"),
    TokenFault.NOT_YET_VALID: ("InvalidJWTToken", "Token is not valid yet"),
}
_MISSING: Final = "Fields `role` and `exp` are required in JWT"


class InvalidTokenError(Exception):
    """A token that is refused: a code and a text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Identity:
    """A database role and the claims that policies read; `expires` in seconds since 1970."""

    token: str
    role: str
    claims_json: str
    subject: str
    expires: float

    @property
    def rights(self) -> tuple[str, str]:
        """What decides what it may see: role and claims."""
        return self.role, self.claims_json

    def is_expired(self) -> bool:
        return time.time() >= self.expires


def identify(token: str, keys: Keys) -> Identity:
    """Return a token's identity. Raises InvalidTokenError."""
    try:
        claims: Mapping[str, Any] = verify(token, keys)
    except TokenError as exc:
        raise InvalidTokenError(*_REASONS[exc.fault]) from exc
    role, expires = claims.get("role"), claims.get("exp")
    if not isinstance(role, str) or not isinstance(expires, (int, float)):
        raise InvalidTokenError("InvalidJWTToken", _MISSING)
    subject = claims.get("sub")
    text = json.dumps(dict(claims), ensure_ascii=False)
    return Identity(token, role, text, subject if isinstance(subject, str) else "", float(expires))
