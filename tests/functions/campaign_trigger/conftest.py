"""An organization of the running stack's database, the dialler's door, and the provider's desk."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from edge.tokens import mint
from tests.conftest import RunningStack
from tests.integration.campaigns.organization import Organization, create_organization, rows

DEADLINE = 60.0
_numbers = itertools.count(2000)
_areas = itertools.cycle(f"{first}{rest:02d}" for first in range(2, 9) for rest in range(10, 99))


@dataclass(frozen=True, slots=True)
class Trigger:
    """Asks the function, as the service or as somebody; knows the provider's ledger."""

    stack: RunningStack

    def __call__(
        self, action: str, campaign_id: str | None = None, key: str | None = None, **more: Any
    ) -> httpx.Response:
        body = {"action": action, **({"campaign_id": campaign_id} if campaign_id else {}), **more}
        return self.stack.call("campaign-trigger", body, key)

    def control(self, **conditions: Any) -> None:
        """Set the emulated provider's conditions."""
        reply = httpx.post(f"{self.stack.url}/providers/retell/_control", json=conditions)
        reply.raise_for_status()

    def calls_to(self, phone: str) -> list[dict[str, Any]]:
        """The calls that the provider has made to a number."""
        ledger = httpx.get(f"{self.stack.url}/providers/retell/_requests", timeout=30).json()
        return [call for call in ledger["calls"] if call["to_number"] == phone]

    def fault(self, kind: str, **more: Any) -> None:
        """Let the next request for a call go wrong."""
        self.stack.fault(provider="retell", kind=kind, endpoint="create_call", **more)


@pytest.fixture
def connection(stack: RunningStack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def organization(connection: psycopg.Connection) -> Iterator[Organization]:
    """One whose campaigns do not outlive the test: the database is the session's."""
    created = create_organization(connection, f"+1628556{next(_numbers)}")
    yield created
    connection.execute(
        "update public.call_campaigns set status = 'cancelled', finished_at = now()"
        " where organization_id = %s and finished_at is null",
        (created.id,),
    )


@pytest.fixture
def trigger(stack: RunningStack) -> Iterator[Trigger]:
    """With calls that take a thousandth of their time."""
    desk = Trigger(stack)
    httpx.delete(f"{stack.url}/providers/retell/_control", timeout=30).raise_for_status()
    desk.control(speed=1000, concurrency_limit=1000, calls_per_second=1000)
    yield desk
    httpx.delete(f"{stack.url}/providers/retell/_control", timeout=30).raise_for_status()


@pytest.fixture
def member(stack: RunningStack, organization: Organization) -> Callable[[str], str]:
    """The access token of a new member of this role."""

    def join(role: str) -> str:
        claims = {"sub": organization.add_member(role), "aud": "authenticated"}
        return mint(stack.jwt_secret, "authenticated", **claims)

    return join


def numbers(ending: int, count: int = 1) -> list[str]:
    """Numbers nobody else dials, whose calls end as the emulated provider's table says."""
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
