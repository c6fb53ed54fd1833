"""Ask an OAuth provider who has signed in: exchange its code for a token, and read the profile.

Follows supabase/auth (internal/api/external_oauth.go). Answers are bounded in bytes and time;
redirects are not followed.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import httpx
import jwt

from edge.emulator.auth.config import ProviderConfig
from edge.emulator.auth.errors import CODE_REFUSED, PROFILE_FAILED
from edge.emulator.auth.external import ExternalProfile
from edge.emulator.auth.providers import OAUTH_PROVIDERS, Documents, OAuthProvider

_TIMEOUT: Final = 10.0
_MAX_BYTES: Final = 64 << 10
_log = logging.getLogger("auth")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user's profile, and the provider's tokens."""

    profile: ExternalProfile
    access_token: str
    refresh_token: str


class _ProviderError(Exception):
    """The provider did not answer as it should: what it answered."""


async def exchange_code(
    name: str, config: ProviderConfig, code: str, redirect_uri: str
) -> SignedIn:
    """Return who the code belongs to; raises unexpected_failure if the provider does not say."""
    provider = OAUTH_PROVIDERS[name]
    async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
        try:
            async with asyncio.timeout(_TIMEOUT):
                token = await _fetch_token(client, provider, config, code, redirect_uri)
            access_token = str(token["access_token"])
        except (httpx.HTTPError, _ProviderError, KeyError, TimeoutError) as exc:
            _log.warning("%s does not exchange the code: %s", name, exc or type(exc).__name__)
            raise CODE_REFUSED.error(code=code[:64]) from exc
        try:
            async with asyncio.timeout(_TIMEOUT):
                documents = await _fetch_documents(client, provider, config, token)
            claims = provider.read(documents)
            if claims["sub"] in (None, ""):
                raise _ProviderError("a user without an id")
            claims = {"iss": provider.api_of(config.url), **claims}
        except (
            *(httpx.HTTPError, _ProviderError, jwt.PyJWTError, TimeoutError),
            *(KeyError, TypeError, ValueError, AttributeError, IndexError),
        ) as exc:
            _log.warning("%s does not describe the user: %r", name, exc)
            raise PROFILE_FAILED.error() from exc
    refresh_token = str(token.get("refresh_token") or "")
    return SignedIn(ExternalProfile.from_claims(name, claims), access_token, refresh_token)


async def _fetch_token(
    client: httpx.AsyncClient,
    provider: OAuthProvider,
    config: ProviderConfig,
    code: str,
    redirect_uri: str,
) -> Mapping[str, Any]:
    client_id = config.client_id.partition(",")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    auth = None
    if provider.is_basic:
        auth = httpx.BasicAuth(client_id, config.secret)
    else:
        form |= {"client_id": client_id, "client_secret": config.secret}
    url = provider.token_url_of(config.url)
    request = client.build_request("POST", url, data=form, headers={"accept": "application/json"})
    return _object(await _send(client, request, auth))


async def _fetch_documents(
    client: httpx.AsyncClient,
    provider: OAuthProvider,
    config: ProviderConfig,
    token: Mapping[str, Any],
) -> Documents:
    if not provider.profile:
        return Documents(_read_id_token(str(token["id_token"]), config))
    access_token = str(token["access_token"])
    headers = {"authorization": f"Bearer {access_token}", "accept": "application/json"}
    client_id = config.client_id.partition(",")[0]
    headers |= {key: value.format(client_id=client_id) for key, value in provider.headers.items()}
    base = provider.api_of(config.url)
    profile = f"{base}{provider.profile}"
    if provider.has_proof:
        proof = hmac.new(config.secret.encode(), access_token.encode(), hashlib.sha256)
        profile = f"{profile}&appsecret_proof={proof.hexdigest()}"
    found = _object(await _send(client, client.build_request("GET", profile, headers=headers)))
    emails: Any = []
    if provider.emails:
        url = f"{base}{provider.emails}"
        emails = await _send(client, client.build_request("GET", url, headers=headers))
    return Documents(found, emails)


def _read_id_token(token: str, config: ProviderConfig) -> dict[str, Any]:
    """Return the claims of an ID token for us.

    It came straight from the token endpoint, whose TLS vouches for it (OpenID Connect Core,
    3.1.3.7), so that its signature is not checked again.
    """
    options: Any = {"verify_signature": False, "verify_aud": True, "verify_exp": True}
    return jwt.decode(token, options=options, audience=config.client_id.split(","))


async def _send(
    client: httpx.AsyncClient, request: httpx.Request, auth: httpx.Auth | None = None
) -> Any:
    """Return the answer's JSON; raises _ProviderError unless it is a short 2xx."""
    response = await client.send(request, auth=auth, stream=True)
    try:
        raw = b""
        async for chunk in response.aiter_bytes():
            raw += chunk
            if len(raw) > _MAX_BYTES:
                raise _ProviderError(f"an answer of more than {_MAX_BYTES} bytes")
    finally:
        await response.aclose()
    if not response.is_success:
        raise _ProviderError(f"HTTP {response.status_code}: {raw[:200]!r}")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise _ProviderError(f"no JSON: {raw[:200]!r}") from exc


def _object(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise _ProviderError("no JSON object")
    found = cast("dict[str, Any]", answer)
    if "error" in found:
        raise _ProviderError(f"{found['error']}: {found.get('error_description', '')}"[:200])
    return found
