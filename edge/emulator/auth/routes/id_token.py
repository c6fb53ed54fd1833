"""POST /token?grant_type=id_token: sign in with the ID token of an OpenID Connect provider.

Follows supabase/auth (internal/api/token_oidc.go).
"""

import asyncio
import hashlib
from typing import Any, Final, cast

import httpx
import jwt
from jwt import PyJWK
from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.config import ProviderConfig
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.errors import (
    ID_TOKEN_PROVIDER_DISABLED,
    ID_TOKEN_PROVIDER_UNKNOWN,
    OAuthError,
)
from edge.emulator.auth.external import ExternalProfile, accept_profile
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.schemas import IdTokenGrantParams
from edge.emulator.auth.token_response import issue_session, render_token_response
from edge.emulator.auth.user import User
from edge.tokens import LONGEST

_ISSUERS: Final = {
    "google": "https://accounts.google.com",
    "apple": "https://appleid.apple.com",
    "facebook": "https://www.facebook.com",
    "kakao": "https://kauth.kakao.com",
    "snapchat": "https://accounts.snapchat.com",
}
_TIMEOUT: Final = 5.0
_ALGORITHMS: Final = ("RS256", "ES256", "RS384", "RS512", "ES384", "PS256")
_INVALID: Final = "invalid request"


async def exchange_id_token(context: AuthContext, request: Request) -> Response:
    params = await context.read(request, IdTokenGrantParams)
    if not params.id_token:
        raise OAuthError(_INVALID, "id_token required")
    if not params.provider and not (params.client_id and params.issuer):
        raise OAuthError(_INVALID, "provider or client_id and issuer required")
    provider, issuer = _find_provider(context, params)
    claims = await _verify(params.id_token, issuer)
    found: Any = claims.get("aud")
    audiences = cast("list[Any]", found) if isinstance(found, list) else [found]
    if not any(audience in provider.client_id.split(",") for audience in audiences):
        raise OAuthError(_INVALID, f"Unacceptable audience in id_token: {audiences}")
    if not context.config.skip_nonce_check:
        _check_nonce(params.nonce, str(claims.get("nonce") or ""))
    profile = ExternalProfile.from_claims(params.provider, claims)
    async with context.transaction() as connection:
        messenger = Messenger(context, request, connection)
        user = await accept_profile(messenger, profile)
        if isinstance(user, User):
            answer = await issue_session(context, connection, request, user, "oauth")
            return render_token_response(answer)
    raise user  # its confirmation mail is committed


def _find_provider(context: AuthContext, params: IdTokenGrantParams) -> tuple[ProviderConfig, str]:
    provider = context.config.providers.get(params.provider)
    if provider is None:
        raise ID_TOKEN_PROVIDER_UNKNOWN.error(provider=params.provider)
    issuer = _ISSUERS.get(params.provider) or provider.url.rstrip("/")
    if not provider.enabled:
        raise ID_TOKEN_PROVIDER_DISABLED.error(issuer=issuer)
    return provider, issuer


async def _verify(token: str, issuer: str) -> dict[str, Any]:
    """Return the claims if the issuer signed the token; raises the OAuth error of GoTrue."""
    if len(token) > LONGEST:
        raise OAuthError(_INVALID, "Bad ID token")
    try:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False})
        if claimed.get("iss") not in (issuer, issuer.removeprefix("https://")):
            raise OAuthError(_INVALID, "Bad ID token")
        key = await _fetch_key(issuer, str(header.get("kid", "")))
        return await asyncio.to_thread(
            jwt.decode, token, key, list(_ALGORITHMS), {"verify_aud": False}
        )
    except (jwt.PyJWTError, httpx.HTTPError, RecursionError, ValueError, KeyError) as exc:
        raise OAuthError(_INVALID, "Bad ID token") from exc


async def _fetch_key(issuer: str, key_id: str) -> PyJWK:
    """Fetch the issuer's key; only issuers that the operator configured are asked."""
    async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
        found = (await client.get(f"{issuer}/.well-known/openid-configuration")).raise_for_status()
        answer = (await client.get(str(found.json()["jwks_uri"]))).raise_for_status()
    for entry in answer.json()["keys"]:
        if entry.get("kid") == key_id:
            return PyJWK(entry)
    raise OAuthError(_INVALID, "Bad ID token")


def _check_nonce(given: str, claimed: str) -> None:
    if bool(given) != bool(claimed):
        raise OAuthError(
            _INVALID, "Passed nonce and nonce in id_token should either both exist or not."
        )
    if given and hashlib.sha256(given.encode()).hexdigest() != claimed:
        raise OAuthError("invalid nonce", "Nonces mismatch")
