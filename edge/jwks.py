"""A project's public signing keys, fetched and followed through rotations.

Shared by the production gateway and by functions that are deployed alone; `shared/auth/jwks.py`
is a separate implementation on purpose (see edge/tokens.py).
"""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import jwt

from edge.tokens import ASYMMETRIC_ALGORITHMS, Keys

EARLY_SECONDS: Final = 10.0
"""The shortest time between two fetches for tokens with unknown keys."""
_TIMEOUT_SECONDS: Final = 5.0
# Raised for a document that is no JWKS, or that holds malformed keys.
_MALFORMED: Final = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError)


def _ignore(_text: str) -> None:
    """Do nothing."""


@dataclass(slots=True)
class JwksCache:
    """The keys at `url`, starting with the JWKS document `text`; old keys stay if a fetch fails.

    `secret` verifies HS256 tokens. `on_change` gets a new document's text, `on_failure` a message.
    """

    url: str
    secret: str
    text: str | None = None
    on_change: Callable[[str], None] = _ignore
    on_failure: Callable[[str], None] = _ignore
    clock: Callable[[], float] = time.monotonic
    keys: Keys = field(init=False)
    is_fetched: bool = field(default=False, init=False)
    _refreshed_at: float = field(default=float("-inf"), init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self.keys = Keys.load(self.secret, self.text)

    async def follow(self, interval: float) -> None:
        """Fetch every `interval` seconds, forever."""
        while True:
            await asyncio.sleep(interval)
            async with self._lock:
                await self._fetch()

    async def refresh(self, *, max_age: float) -> None:
        """Fetch unless the last refresh was less than `max_age` seconds ago.

        Concurrent callers wait for one fetch.
        """
        async with self._lock:
            if self.clock() - self._refreshed_at >= max_age:
                self._refreshed_at = self.clock()
                await self._fetch()

    async def prepare(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Fetch if the request's bearer token names an unknown key, every 10 s at most."""
        key_id = read_key_id(headers)
        if key_id is not None and key_id not in self.keys.jwks:
            await self.refresh(max_age=EARLY_SECONDS)

    async def _fetch(self) -> None:
        import httpx  # imported late: functions deployed alone need it for asymmetric tokens only

        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
                text = (await client.get(self.url)).raise_for_status().text
            keys = Keys.load(self.secret, text)
        except (httpx.HTTPError, *_MALFORMED) as exc:
            self.on_failure(f"The project's keys cannot be fetched, the known ones stay: {exc}")
            return
        self.is_fetched = True
        if text != self.text:
            self.text, self.keys = text, keys
            self.on_change(text)


def read_key_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The `kid` of the bearer token ("" without one); None unless its algorithm is asymmetric."""
    for name, value in headers:
        if name == b"authorization":
            return _read_key_id(value.removeprefix(b"Bearer ").partition(b".")[0])
    return None


@lru_cache(maxsize=64)  # tokens signed with one key have the same header
def _read_key_id(segment: bytes) -> str | None:
    try:
        header: Any = json.loads(urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
        is_asymmetric = header["alg"] in ASYMMETRIC_ALGORITHMS
        return str(header.get("kid", "")) if is_asymmetric else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
