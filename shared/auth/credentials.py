"""What a request presents to prove who is calling, before anybody believes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hmac import compare_digest


@dataclass(frozen=True, slots=True)
class Credentials:
    """The bearer token and the API key, as sent; `is_malformed`: Authorization was no Bearer."""

    bearer: str | None
    apikey: str | None
    is_malformed: bool = False

    @property
    def presented(self) -> tuple[str, ...]:
        return tuple(value for value in (self.apikey, self.bearer) if value)


def read_credentials(headers: Mapping[str, str]) -> Credentials:
    """Take the credentials from request headers (names in lower case or case-insensitive)."""
    apikey = headers.get("apikey") or None
    authorization = headers.get("authorization")
    if not authorization:
        return Credentials(None, apikey)
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or " " in token:
        return Credentials(None, apikey, is_malformed=True)
    return Credentials(token, apikey)


def is_one_of(candidate: str, keys: Iterable[str]) -> bool:
    """Return whether the candidate is one of the keys, in constant time."""
    given = candidate.encode()
    matches = [compare_digest(given, key.encode()) for key in keys]
    return any(matches)
