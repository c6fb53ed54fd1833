"""Who may call: the declared modes, tried in order against what the request presents.

Three outcomes a mode, as in supabase/server: it matches; nothing was presented for it, so the next
one is tried; something was presented and does not hold, which ends the request with 401.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from shared.auth import jwks
from shared.auth.credentials import Credentials, is_one_of
from shared.database.clients import http_pool
from shared.env import SupabaseEnv
from shared.errors import UnauthorizedError, UnavailableError

_WRONG_KEY: Final = "Invalid credentials: the API key is none of this project's"

Mode = Literal["none", "publishable", "user", "secret"]


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, once believed. `token` is what the database should see on the caller's behalf."""

    mode: Mode
    token: str | None = None
    claims: jwks.Claims = field(default_factory=dict[str, Any])

    @property
    def user_id(self) -> str | None:
        return self.claims.get("sub") if self.mode == "user" else None


async def authenticate(
    modes: Sequence[Mode], credentials: Credentials, env: SupabaseEnv
) -> Principal:
    """Return the caller under the first mode that matches. Raises UnauthorizedError."""
    for mode in modes:
        principal = await _ATTEMPTS[mode](credentials, env)
        if principal is not None:
            return principal
    raise UnauthorizedError


async def _as_anybody(_credentials: Credentials, _env: SupabaseEnv) -> Principal | None:
    return Principal("none")


async def _as_publishable(credentials: Credentials, env: SupabaseEnv) -> Principal | None:
    for presented in credentials.presented:
        if is_one_of(presented, env.publishable_keys):
            return Principal("publishable")
        if presented.startswith("sb_publishable_"):
            raise UnauthorizedError(_WRONG_KEY)
    return None


async def _as_user(credentials: Credentials, env: SupabaseEnv) -> Principal | None:
    if credentials.is_malformed:
        raise UnauthorizedError
    token = credentials.bearer
    if token is None or token.startswith("sb_") or _is_project_key(token, env):
        return None
    claims = await _verify(token, env)
    if claims.get("role") in ("service_role", "anon"):
        return None
    if not isinstance(claims.get("sub"), str):
        raise UnauthorizedError
    return Principal("user", token, claims)


async def _as_secret(credentials: Credentials, env: SupabaseEnv) -> Principal | None:
    if credentials.is_malformed:
        raise UnauthorizedError
    for presented in credentials.presented:
        if is_one_of(presented, env.secret_keys):
            return Principal("secret", claims={"role": "service_role"})
        if presented.startswith("sb_secret_"):
            raise UnauthorizedError(_WRONG_KEY)
    token = credentials.bearer
    if token is None or token.startswith("sb_") or _is_project_key(token, env):
        return None
    claims = await _verify(token, env)
    return Principal("secret", claims=claims) if claims.get("role") == "service_role" else None


_ATTEMPTS: Final[dict[Mode, Callable[[Credentials, SupabaseEnv], Awaitable[Principal | None]]]] = {
    "none": _as_anybody,
    "publishable": _as_publishable,
    "user": _as_user,
    "secret": _as_secret,
}


def _is_project_key(token: str, env: SupabaseEnv) -> bool:
    """Return whether the bearer token is the API key, as supabase-js sends it without a session."""
    return is_one_of(token, (*env.publishable_keys, *env.secret_keys))


async def _verify(token: str, env: SupabaseEnv) -> jwks.Claims:
    verdict = jwks.verify(token, env.jwks)
    if verdict is jwks.Verdict.NO_KEY:
        return await _ask_auth_server(token, env)
    if isinstance(verdict, jwks.Verdict):
        raise UnauthorizedError
    return verdict


async def _ask_auth_server(token: str, env: SupabaseEnv) -> jwks.Claims:
    """Verify a legacy HS256 token at Auth: a hosted function does not have the secret."""
    import httpx  # most requests never come here

    headers = {"Authorization": f"Bearer {token}", "apikey": env.publishable_key}
    try:
        reply = await http_pool(env.url).get(f"{env.url}/auth/v1/user", headers=headers)
    except httpx.TransportError as exc:
        raise UnavailableError("The token cannot be checked now.", code="AUTH_UNAVAILABLE") from exc
    if reply.status_code >= 500:
        raise UnavailableError("The token cannot be checked now.", code="AUTH_UNAVAILABLE")
    if reply.status_code != 200:
        raise UnauthorizedError
    return jwks.read_unverified(token)
