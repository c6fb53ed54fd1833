"""Follows the rotation of the keys that a project signs its tokens with."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import httpx
import jwt

from edge.errors import EdgeError
from edge.project.hosted import Remote, with_key_set
from edge.tokens import ASYMMETRIC_ALGORITHMS, Keys

_EARLY_PAUSE: Final = 10.0
_ANSWER_SECONDS: Final = 5.0
# What comes of a key set that has the form of one, and keys in it that are none.
_UNUSABLE: Final = (jwt.PyJWTError, ValueError, TypeError, AttributeError)


@dataclass(slots=True)
class KeySet:
    """The keys that `remote` publishes: `adopt` is given those that are new, `tell` what fails.

    They are asked for every `interval` seconds, and early when a token names a key that is not
    known; then at most once in `early_pause` seconds, whatever tokens come.
    """

    remote: Remote
    adopt: Callable[[Remote], None]
    tell: Callable[[str], None]
    interval: float
    early_pause: float = _EARLY_PAUSE
    clock: Callable[[], float] = time.monotonic
    _known: frozenset[str] = field(init=False)
    _may_ask_early_at: float = field(default=0.0, init=False)
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self._known = _key_ids(self.remote)

    async def follow(self) -> None:
        """Ask from time to time; while nobody answers, the known keys stay good."""
        while True:
            await asyncio.sleep(self.interval)
            async with self._fetching:
                await self._fetch()

    async def prepare(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Know the key of a request's token, if the project has published it by now."""
        key_id = _key_id_of(headers)
        if key_id is None or key_id in self._known:
            return
        async with self._fetching:  # who waited here finds what the other has fetched
            if key_id not in self._known and self.clock() >= self._may_ask_early_at:
                self._may_ask_early_at = self.clock() + self.early_pause
                await self._fetch()

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=_ANSWER_SECONDS) as client:
                reply = (await client.get(self.remote.jwks_url)).raise_for_status()
            found = with_key_set(self.remote, reply.text)
            if found != self.remote:
                known = _key_ids(found)
                self.adopt(found)
                self.remote, self._known = found, known
        except (httpx.HTTPError, EdgeError, *_UNUSABLE) as exc:
            self.tell(f"The project's keys cannot be fetched, the known ones stay: {exc}")


def _key_ids(remote: Remote) -> frozenset[str]:
    """The keys that tokens can be verified with."""
    return frozenset(Keys.load("", remote.variables.get("SUPABASE_JWKS")).jwks)


def _key_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key that the bearer token says it is signed with, if that is a published kind."""
    for name, value in headers:
        if name == b"authorization":
            return _read_key_id(value.removeprefix(b"Bearer ").partition(b".")[0])
    return None


@lru_cache(maxsize=64)  # the tokens of one key begin alike
def _read_key_id(segment: bytes) -> str | None:
    try:
        header: Any = json.loads(urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
        is_published = header["alg"] in ASYMMETRIC_ALGORITHMS
        return str(header.get("kid", "")) if is_published else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
