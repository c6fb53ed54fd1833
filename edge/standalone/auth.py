"""verify_jwt for a function deployed alone: the gateway's check, with keys that may be rotated."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from edge.jwks import EARLY_SECONDS, JwksCache, read_key_id
from edge.runtime.errors import INVALID_ASYMMETRIC_JWT, Refusal
from edge.runtime.verify_jwt import check_request, join_headers
from edge.standalone.environment import StandaloneEnvironment

KEYS_UNAVAILABLE: Final = Refusal(
    503, "KEYS_UNAVAILABLE", "The keys of the project cannot be fetched now", retry_after=5
)
_MAX_AGE_SECONDS: Final = 300.0  # Auth publishes a key well before it signs with it


@dataclass(slots=True)
class TokenCheck:
    """Refuses requests without a valid token of the project, or one of its `sb_…` keys."""

    environment: StandaloneEnvironment
    jwks: JwksCache = field(init=False)

    def __post_init__(self) -> None:
        known = self.environment
        # Without a JWT secret, no HS256 token may be valid.
        secret = known.jwt_secret or secrets.token_urlsafe(48)
        url = f"{known.url}/auth/v1/.well-known/jwks.json"
        self.jwks = JwksCache(url, secret, known.jwks or None)

    async def __call__(self, request: Request) -> Refusal | None:
        if request.method == "OPTIONS" or self._has_api_key(request):
            return None
        headers = _effective_headers(request)
        if read_key_id(headers.items()) is not None:
            await self._refresh(max_age=_MAX_AGE_SECONDS)
        refusal = check_request(headers, self.jwks.keys)
        if refusal is INVALID_ASYMMETRIC_JWT:  # perhaps signed with a newer key
            await self._refresh(max_age=EARLY_SECONDS)
            refusal = check_request(headers, self.jwks.keys)
        if refusal is INVALID_ASYMMETRIC_JWT and not self._knows_keys:
            return KEYS_UNAVAILABLE
        return refusal

    async def _refresh(self, *, max_age: float) -> None:
        if self.environment.url and not self.environment.jwks:
            await self.jwks.refresh(max_age=max_age)

    @property
    def _knows_keys(self) -> bool:
        return bool(self.environment.jwks) or self.jwks.is_fetched

    def _has_api_key(self, request: Request) -> bool:
        """Return whether an `sb_…` key is sent; a token in Authorization wins over `apikey`,
        as at the gateway."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = token if scheme == "Bearer" and token.startswith("sb_") else ""
        if not key and not token:
            key = request.headers.get("apikey", "")
        elif key not in self.environment.new_keys:
            key = request.headers.get("apikey", "") if key else ""
        return key in self.environment.new_keys


def _effective_headers(request: Request) -> dict[bytes, bytes]:
    """Return the headers, with `apikey` as the token if there is no Authorization.

    `sb-api-key` is dropped: only a gateway may set it.
    """
    headers = join_headers(request.scope["headers"])
    headers.pop(b"sb-api-key", None)
    if b"authorization" not in headers and b"apikey" in headers:
        headers[b"authorization"] = b"Bearer " + headers[b"apikey"]
    return headers
