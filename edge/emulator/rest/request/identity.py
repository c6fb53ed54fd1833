"""Authenticate a request: the Authorization header → a database role and its claims.

Follows PostgREST's Auth.hs.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.record import record
from edge.emulator.rest.request.claims import refuse_token, validate_claims
from edge.emulator.rest.request.role_claim import find_claim
from edge.tokens import Keys, TokenError, TokenFault, verify_signature

_CACHE_SIZE: Final = 1000
_KNOWN_ALGORITHMS: Final = frozenset(
    f"{family}{bits}" for family in ("HS", "RS", "ES", "PS") for bits in (256, 384, 512)
)
_NO_KEY: Final = "None of the keys was able to decode the JWT"


@record
class Identity:
    """The request's database role, its token's claims, also as JSON, and the role's settings."""

    role: str
    claims: Mapping[str, Any]
    claims_json: str
    settings: tuple[tuple[str, str], ...] = ()


class Authenticator:
    """Verifies bearer tokens; caches the latest until they expire."""

    def __init__(self, keys: Keys, config: RestConfig) -> None:
        self._keys = keys
        self._audience, self._role_claim = config.jwt_audience, config.role_claim
        self._anonymous = _identify(config.anon_role, {"role": config.anon_role})
        self._cache: OrderedDict[str, tuple[Identity, float]] = OrderedDict()

    def authenticate(self, authorization: str | None) -> Identity:
        """Return the identity, anonymous without a token; raises PGRST301, 302 or 303."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return _named(self._anonymous)
        token = token.strip()
        cached, valid_until = self._cache.get(token, (self._anonymous, 0.0))
        if time.time() < valid_until:
            return cached
        claims = _verified(token, self._keys)
        valid_until = validate_claims(claims, time.time(), self._audience)
        role = find_claim(claims, self._role_claim)
        role = self._anonymous.role if role is None else role
        identity = _named(_identify(str(role), {**claims, "role": role}))
        self._remember(token, identity, valid_until)
        return identity

    def _remember(self, token: str, identity: Identity, valid_until: float) -> None:
        self._cache[token] = identity, valid_until
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)


def _identify(role: str, claims: Mapping[str, Any]) -> Identity:
    text = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
    return Identity(role, claims, text)


def _named(identity: Identity) -> Identity:
    """Return the identity. Raises PGRST302 without a role: anonymous callers may have none."""
    if not identity.role:
        raise rest_error("PGRST302", headers={"www-authenticate": "Bearer"})
    return identity


def _verified(token: str, keys: Keys) -> dict[str, Any]:
    if not token:
        raise refuse_token("PGRST301", "Empty JWT is sent in Authorization header")
    parts = token.count(".") + 1
    if parts != 3:
        raise refuse_token("PGRST301", f"Expected 3 parts in JWT; got {parts}")
    try:
        return verify_signature(token, keys)
    except TokenError as exc:
        raise _explain(exc) from exc


def _explain(error: TokenError) -> RestError:
    match error.fault:
        case TokenFault.SIGNATURE:
            return refuse_token("PGRST301", "No suitable key or wrong key type", _NO_KEY)
        case TokenFault.ALGORITHM if error.algorithm in _KNOWN_ALGORITHMS:
            reason = "No suitable key or wrong key type"
            return refuse_token("PGRST301", reason, "No suitable key was found to decode the JWT")
        case TokenFault.ALGORITHM:
            reason = "Wrong or unsupported encoding algorithm"
            return refuse_token("PGRST301", reason, _algorithm(error))
        case _:
            return refuse_token("PGRST301", "JWT cryptographic operation failed")


def _algorithm(error: TokenError) -> str:
    if error.algorithm == "none":
        return "JWT is unsecured but expected 'alg' was not 'none'"
    return f"JWT is signed with '{error.algorithm}', which no key is for"
