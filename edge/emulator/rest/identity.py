"""Who calls: the Authorization header → a database role and the claims that policies read."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from edge.emulator.rest.errors import RestError, rest_error
from edge.tokens import Keys, TokenError, TokenFault, verify

_SKEW: Final = 30
_CACHED: Final = 1000
_NO_KEY: Final = "None of the keys was able to decode the JWT"


@dataclass(frozen=True, slots=True)
class Identity:
    """The role to become, the token's claims, and the settings the database gives that role."""

    role: str
    claims: Mapping[str, Any]
    settings: tuple[tuple[str, str], ...] = ()


class Authenticator:
    """Verifies bearer tokens; a token seen lately is not verified again until it expires."""

    def __init__(self, keys: Keys, anon_role: str) -> None:
        self._keys = keys
        self._anonymous = Identity(anon_role, {"role": anon_role})
        self._seen: OrderedDict[str, Identity] = OrderedDict()

    def authenticate(self, authorization: str | None) -> Identity:
        """PGRST301 or PGRST303 for a token that must not be trusted; none at all is anonymous."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return self._anonymous
        token = token.strip()
        known = self._seen.get(token)
        if known and time.time() < known.claims.get("exp", float("inf")):
            return known
        identity = self._identify(_verified(token, self._keys))
        self._remember(token, identity)
        return identity

    def _identify(self, claims: dict[str, Any]) -> Identity:
        role = claims.get("role", self._anonymous.role)
        issued = claims.get("iat", 0)
        if isinstance(issued, int | float) and issued > time.time() + _SKEW:
            raise _refused("PGRST303", "JWT issued at future")
        if not _is_audience(claims.get("aud") or ""):
            reason = "The JWT 'aud' claim must be a string or an array of strings"
            raise _refused("PGRST303", reason)
        return Identity(str(role), {**claims, "role": role})

    def _remember(self, token: str, identity: Identity) -> None:
        self._seen[token] = identity
        if len(self._seen) > _CACHED:
            self._seen.popitem(last=False)


def _is_audience(value: Any) -> bool:
    entries = cast("list[Any]", value) if isinstance(value, list) else [value]
    return all(isinstance(entry, str) for entry in entries)


def _verified(token: str, keys: Keys) -> dict[str, Any]:
    if not token:
        raise _refused("PGRST301", "Empty JWT is sent in Authorization header")
    parts = token.count(".") + 1
    if parts != 3:
        raise _refused("PGRST301", f"Expected 3 parts in JWT; got {parts}")
    try:
        return verify(token, keys)
    except TokenError as exc:
        raise _explain(exc) from exc


def _explain(error: TokenError) -> RestError:
    match error.fault:
        case TokenFault.EXPIRED:
            return _refused("PGRST303", "JWT expired")
        case TokenFault.NOT_YET_VALID:
            return _refused("PGRST303", "JWT not yet valid")
        case TokenFault.SIGNATURE:
            return _refused("PGRST301", "No suitable key or wrong key type", _NO_KEY)
        case TokenFault.ALGORITHM:
            return _refused(
                "PGRST301", "Wrong or unsupported encoding algorithm", _algorithm(error)
            )
        case TokenFault.MALFORMED:
            return _refused("PGRST301", "JWT cryptographic operation failed")


def _algorithm(error: TokenError) -> str:
    if error.algorithm == "none":
        return "JWT is unsecured but expected 'alg' was not 'none'"
    return f"JWT is signed with '{error.algorithm}', which no key is for"


def _refused(code: str, reason: str, details: str | None = None) -> RestError:
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    headers = {"www-authenticate": challenge}
    return rest_error(code, reason=reason, details=details, headers=headers)
