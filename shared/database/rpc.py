"""Calls a function of the database with a time limit of its own: work of a known size."""

from typing import Any, Final, cast

from pydantic_core import from_json

from shared.database.clients import http_pool
from shared.env import SupabaseEnv

_CONNECT_SECONDS: Final = 5.0


async def call_rpc(
    env: SupabaseEnv, token: str | None, function: str, arguments: Any, *, seconds: float
) -> Any:
    """Call `function` as the owner of `token`, by default as the service, and return its result.

    Raises what a call by a client raises: APIError or httpx.TransportError.
    """
    import httpx
    from postgrest.exceptions import APIError

    key = env.secret_key if token is None else env.publishable_key
    response = await http_pool(env.url).post(
        f"{env.url}/rest/v1/rpc/{function}",
        json=arguments,
        headers={"apikey": key, "authorization": f"Bearer {token or key}"},
        timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
    )
    if response.is_success:
        return from_json(response.content) if response.content else None
    raise APIError(_read_error(response.content, response.status_code))


def _read_error(content: bytes, status: int) -> dict[str, Any]:
    try:
        body: Any = from_json(content)
    except ValueError:
        body = None
    if isinstance(body, dict):
        return cast("dict[str, Any]", body)
    return {"code": str(status), "message": ""}
