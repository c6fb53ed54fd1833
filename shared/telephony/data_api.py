"""Events into the database through the data API: the way that each project has."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from shared.database.clients import http_pool
from shared.env import SupabaseEnv
from shared.telephony.errors import RefusedError, unreachable

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class DataApi:
    """Both raise RefusedError, or NotStoredError when it cannot be reached."""

    env: SupabaseEnv

    async def apply(self, events: bytes) -> list[Any]:
        """Return what public.apply_call_events_v1 returns for a JSON array."""
        return await self._call("apply_call_events_v1", b'{"events":%b}' % events)

    async def keep(self, event: bytes) -> None:
        """Store one that cannot be applied."""
        await self._call("store_call_event_v1", b'{"event":%b}' % event)

    async def _call(self, function: str, arguments: bytes) -> Any:
        import httpx

        try:
            response = await http_pool(self.env.url).post(
                f"{self.env.url}/rest/v1/rpc/{function}",
                content=arguments,
                headers=_headers(self.env.secret_key),
            )
        except httpx.TransportError as exc:
            raise unreachable() from exc
        if response.status_code != 200:
            raise _read_refusal(response)
        return from_json(response.content)


@lru_cache(maxsize=1)
def _headers(key: str) -> dict[str, str]:
    return {"apikey": key, "authorization": f"Bearer {key}", "content-type": "application/json"}


def _read_refusal(response: "httpx.Response") -> Exception:
    try:
        body: dict[str, Any] = from_json(response.content)
        refused = RefusedError(str(body["code"]), str(body["message"]))
    except (ValueError, KeyError, TypeError):
        refused = RefusedError(str(response.status_code), response.text[:500])
    is_unreachable = response.status_code >= 500 and not refused.is_sqlstate
    return refused.as_error() if is_unreachable else refused
