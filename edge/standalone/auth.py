"""verify_jwt where no gateway stands in front: the same check, with keys that may be rotated."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import jwt
from starlette.requests import Request

from edge.runtime.errors import INVALID_ASYMMETRIC_JWT, Refusal
from edge.runtime.verify_jwt import check_request
from edge.standalone.environment import Surroundings
from edge.tokens import Keys

KEYS_UNAVAILABLE: Final = Refusal(
    503, "KEYS_UNAVAILABLE", "The keys of the project cannot be fetched now", retry_after=5
)
_LIFETIME: Final = 300.0  # Auth publishes a key well before it signs with it
_PAUSE: Final = 10.0  # between fetches for tokens of keys that nobody knows
_ANSWER_SECONDS: Final = 5.0


@dataclass(slots=True)
class KeyRing:
    """The project's keys: as they were told, or fetched, and fetched again from time to time."""

    surroundings: Surroundings
    clock: Callable[[], float] = time.monotonic
    keys: Keys = field(init=False)
    is_fetched: bool = field(default=False, init=False)
    _secret: str = field(init=False)
    _fetched_at: float = field(default=float("-inf"), init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        # Without a secret nothing that is signed with one may pass.
        self._secret = self.surroundings.jwt_secret or secrets.token_urlsafe(48)
        self.keys = Keys.load(self._secret, self.surroundings.jwks or None)

    async def refresh(self, *, age: float) -> None:
        """Fetch the key set if that was last tried `age` seconds ago; old keys stay without one.

        Who comes while it is fetched waits for it.
        """
        known = self.surroundings
        if known.jwks or not known.url:
            return
        async with self._turn:
            if self.clock() - self._fetched_at >= age:
                self._fetched_at = self.clock()
                await self._fetch(known.url)

    async def _fetch(self, url: str) -> None:
        import httpx  # only asymmetric tokens need it

        try:
            async with httpx.AsyncClient(timeout=_ANSWER_SECONDS) as client:
                reply = await client.get(f"{url}/auth/v1/.well-known/jwks.json")
            self.keys = Keys.load(self._secret, reply.raise_for_status().text)
        except (httpx.HTTPError, ValueError, KeyError, TypeError, jwt.PyJWTError):
            return
        self.is_fetched = True


@dataclass(slots=True)
class TokenCheck:
    """Lets in who presents a token of the project, or one of its `sb_…` keys."""

    surroundings: Surroundings
    ring: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        self.ring = KeyRing(self.surroundings)

    async def __call__(self, request: Request) -> Refusal | None:
        if request.method == "OPTIONS" or self._has_new_key(request):
            return None
        headers = {name: value for name, value in _joined(request).items() if name != b"sb-api-key"}
        if _is_signed_with_public_key(headers):
            await self.ring.refresh(age=_LIFETIME)
        refusal = check_request(headers, self.ring.keys)
        if refusal is INVALID_ASYMMETRIC_JWT:  # perhaps of a key that is newer than ours
            await self.ring.refresh(age=_PAUSE)
            refusal = check_request(headers, self.ring.keys)
        if refusal is INVALID_ASYMMETRIC_JWT and not self._knows_keys:
            return KEYS_UNAVAILABLE
        return refusal

    @property
    def _knows_keys(self) -> bool:
        return bool(self.surroundings.jwks) or self.ring.is_fetched

    def _has_new_key(self, request: Request) -> bool:
        """A token in Authorization counts before a key in `apikey`, as at the gateway."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token if scheme == "Bearer" and token.startswith("sb_") else ""
        if not given and not token:
            given = request.headers.get("apikey", "")
        elif given not in self.surroundings.new_keys:
            given = request.headers.get("apikey", "") if given else ""
        return given in self.surroundings.new_keys


def _joined(request: Request) -> dict[bytes, bytes]:
    """Repeated headers as one, so that two readers cannot each mean another of them."""
    joined: dict[bytes, bytes] = {}
    for name, value in request.scope["headers"]:
        joined[name] = joined[name] + b", " + value if name in joined else value
    if b"authorization" not in joined and b"apikey" in joined:
        joined[b"authorization"] = b"Bearer " + joined[b"apikey"]
    return joined


def _is_signed_with_public_key(headers: dict[bytes, bytes]) -> bool:
    token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")[2]
    try:
        return jwt.get_unverified_header(token).get("alg") in {"ES256", "RS256"}
    except (jwt.PyJWTError, RecursionError):
        return False
