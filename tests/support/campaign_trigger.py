"""A client of campaign-trigger and of the emulated provider's controls; rows of a campaign."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.conftest import RunningStack
from tests.support.organization import rows
from tests.support.waiting import PATIENCE

DEADLINE = PATIENCE
_areas = itertools.cycle(f"{first}{rest:02d}" for first in range(2, 9) for rest in range(10, 99))


@dataclass(frozen=True, slots=True)
class Trigger:
    """Calls the function with any key, and controls the emulated provider."""

    stack: RunningStack

    def __call__(
        self, action: str, campaign_id: str | None = None, key: str | None = None, **more: Any
    ) -> httpx.Response:
        body = {"action": action, **({"campaign_id": campaign_id} if campaign_id else {}), **more}
        return self.stack.call("campaign-trigger", body, key)

    def control(self, **conditions: Any) -> None:
        """Set the simulation config of the emulated provider."""
        reply = httpx.post(
            f"{self.stack.url}/providers/retell/_control",
            headers=self.stack.control_headers,
            json=conditions,
        )
        reply.raise_for_status()

    def calls_to(self, phone: str) -> list[dict[str, Any]]:
        """Return the calls that the provider has made to a number."""
        log = httpx.get(
            f"{self.stack.url}/providers/retell/_requests",
            headers=self.stack.control_headers,
            timeout=PATIENCE,
        ).json()
        return [call for call in log["calls"] if call["to_number"] == phone]

    def fault(self, kind: str, **more: Any) -> None:
        """Inject a fault into the next create-call request."""
        self.stack.fault(provider="retell", kind=kind, endpoint="create_call", **more)


def numbers(ending: int, count: int = 1) -> list[str]:
    """Return unused numbers; the ending decides how the emulated provider ends calls."""
    return [f"+1{next(_areas)}55501{ending:02d}" for _ in range(count)]


def campaign_of(connection: psycopg.Connection, campaign_id: str) -> dict[str, Any]:
    (found,) = rows(
        connection,
        "select status, status_reason from public.call_campaigns where id = %s",
        (campaign_id,),
    )
    return found


def attempts_of(connection: psycopg.Connection, campaign_id: str) -> list[dict[str, Any]]:
    return rows(
        connection,
        "select * from public.call_attempts where campaign_id = %s order by claimed_at",
        (campaign_id,),
    )


def contacts_of(connection: psycopg.Connection, campaign_id: str) -> list[dict[str, Any]]:
    return rows(
        connection,
        "select * from public.campaign_contacts where campaign_id = %s order by id",
        (campaign_id,),
    )
