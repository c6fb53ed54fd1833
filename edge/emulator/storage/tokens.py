"""The tokens of signed URLs: HS256 JWTs of the project's secret, each for one object and purpose.

A token for downloads does not upload, nor the other way round.
"""

import time
from typing import Any, Final, Literal

import jwt

from edge.emulator.storage.errors import storage_error
from edge.emulator.storage.identity import explain_token
from edge.tokens import Keys, TokenError, verify

Scope = Literal["download", "upload"]

_MAX_SECONDS: Final = (2**53 - 1) // 1000


def sign(keys: Keys, scope: Scope, url: str, seconds: int, **claims: Any) -> str:
    """Return a token for the object at `url` (bucket/name), valid for `seconds`."""
    now = int(time.time())
    if now + seconds > _MAX_SECONDS:
        raise storage_error("InvalidParameter", name="expiresIn")
    payload = {**claims, "url": url, "scope": scope, "iat": now, "exp": now + seconds}
    return jwt.encode(payload, keys.secret, "HS256")


def verify_signed(keys: Keys, scope: Scope, url: str, token: str) -> dict[str, Any]:
    """Return a token's claims. Raises InvalidJWT, or InvalidSignature for another use."""
    try:
        claims = verify(token, keys)
    except TokenError as exc:
        raise storage_error("InvalidJWT", reason=explain_token(exc)) from exc
    if claims.get("scope", "download") != scope:
        raise storage_error("InvalidSignature", reason=f"Token is not scoped for {scope}")
    if claims.get("url") != url:
        raise storage_error("InvalidSignature", reason="Invalid signature")
    return claims
