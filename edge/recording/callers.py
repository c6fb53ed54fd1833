"""Who called: the role, the user and the claims by the keys and tokens of a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge.tokens import Keys, TokenError, verify_signature

_MOST_CACHED: Final = 500
_TIMES: Final = ("exp", "iat", "nbf")


@dataclass(frozen=True, slots=True)
class Caller:
    """The role and subject of a verified token; `api_key` is the role of the key beside it."""

    role: str | None = None
    sub: str | None = None
    claims: Mapping[str, Any] | None = None
    api_key: str | None = None


@dataclass(slots=True)
class CallerReader:
    """Reads callers; `tokens` are those that stand for `sb_…` keys."""

    keys: Keys
    tokens: Mapping[str, str]
    _cache: dict[str, Caller | None] = field(default_factory=dict[str, "Caller | None"], init=False)

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller:
        """Return the caller; without a valid token, one without a role."""
        values = {name: value.decode("latin-1") for name, value in headers}
        scheme, _, bearer = values.get(b"authorization", "").partition(" ")
        key = self._identify(values.get(b"apikey", ""))
        key = key or self._identify(values.get(b"sb-api-key", "").removeprefix("Bearer "))
        user = self._identify(bearer.strip()) if scheme.lower() == "bearer" else None
        caller = user or key or Caller()
        return Caller(caller.role, caller.sub, caller.claims, key.role if key else None)

    def _identify(self, token: str) -> Caller | None:
        token = self.tokens.get(token, token)
        if not token:
            return None
        if token not in self._cache:
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[token] = self._verify(token)
        return self._cache[token]

    def _verify(self, token: str) -> Caller | None:
        try:
            claims = verify_signature(token, self.keys)
        except TokenError:
            return None
        role, sub = claims.get("role"), claims.get("sub")
        kept = {name: value for name, value in claims.items() if name not in _TIMES}
        return Caller(
            role if isinstance(role, str) else None, sub if isinstance(sub, str) else None, kept
        )
