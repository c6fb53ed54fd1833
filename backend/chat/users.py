"""Users of the chat backend, by their access tokens."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx

_CACHED_SECONDS: Final = 60.0
_MOST_CACHED: Final = 10_000


@dataclass(frozen=True, slots=True)
class User:
    """`id` is None for a caller without sign-in; `is_refused` if that is not allowed."""

    id: str | None
    is_refused: bool = False


class Users:
    """Asks Auth of the project at `api_url` who a token belongs to; answers are kept for 60 s."""

    def __init__(self, api_url: str, key: str, *, is_required: bool) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{api_url}/auth/v1", headers={"apikey": key}, timeout=10
        )
        self._is_required = is_required
        self._cache: dict[bytes, tuple[float, User]] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def find(self, token: str) -> User:
        """Return the user of a token; "" is no token. A token that Auth refuses is refused."""
        if not token:
            return User(None, is_refused=self._is_required)
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        now = time.monotonic()
        cached = self._cache.get(digest)
        if cached and cached[0] > now:
            return cached[1]
        user = await self._ask(token)
        if user is None:
            return User(None, is_refused=True)
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        self._cache[digest] = (now + _CACHED_SECONDS, user)
        return user

    async def _ask(self, token: str) -> User | None:
        """Return None if Auth cannot say who it is."""
        if not token.isascii() or len(token) > 8192:
            return User(None, is_refused=True)
        try:
            answer = await self._client.get("/user", headers={"Authorization": f"Bearer {token}"})
            body: Any = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, ValueError):
            return None
        if answer.status_code >= 500 or answer.status_code == 429:
            return None
        user_id = body.get("id")
        return User(user_id) if isinstance(user_id, str) else User(None, is_refused=True)
