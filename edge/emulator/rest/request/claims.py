"""Validate the claims of a verified token: exp, nbf, iat and aud, in this order.

Follows PostgREST's Auth/Jwt.hs; times have a leeway of 30 s.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, cast

from edge.emulator.rest.errors import RestError, rest_error

LEEWAY: Final = 30
_BIGINT: Final = 2**63
_NOT_AHEAD: Final = (("nbf", "JWT not yet valid"), ("iat", "JWT issued at future"))


def validate_claims(claims: Mapping[str, Any], now: float, audience: str | None = None) -> float:
    """Return the Unix time until which the claims are valid; raises PGRST303 if they are not."""
    now = math.floor(now)
    expires = _read_time(claims, "exp")
    if expires is not None and expires < now - LEEWAY:
        raise refuse_token("PGRST303", "JWT expired")
    for name, reason in _NOT_AHEAD:
        begins = _read_time(claims, name)
        if begins is not None and begins > now + LEEWAY:
            raise refuse_token("PGRST303", reason)
    named = _read_audience(claims.get("aud"))
    if audience is not None and named and audience not in named:
        raise refuse_token("PGRST303", "JWT not in audience")
    return math.inf if expires is None else expires + LEEWAY + 1  # now is taken in whole seconds


def refuse_token(code: str, reason: str, details: str | None = None) -> RestError:
    """Return the error with the WWW-Authenticate challenge of RFC 6750."""
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    headers = {"www-authenticate": challenge}
    return rest_error(code, reason=reason, details=details, headers=headers)


def _read_time(claims: Mapping[str, Any], name: str) -> int | None:
    """Return the claim; as upstream, null is absent, and a non-integer or over 64 bits is 0."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse_token("PGRST303", f"The JWT '{name}' claim must be a number")
    is_whole = isinstance(value, int) or value.is_integer()
    return int(value) if is_whole and -_BIGINT <= value < _BIGINT else 0


def _read_audience(value: Any) -> list[str]:
    """Return whom the token is for; empty for everybody."""
    if value is None:
        return []
    entries = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(entry, str) for entry in entries):
        reason = "The JWT 'aud' claim must be a string or an array of strings"
        raise refuse_token("PGRST303", reason)
    return entries
