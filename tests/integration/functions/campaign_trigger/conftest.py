"""An organization in the database of the running stack, its members, and the function's client."""

import itertools
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from edge.tokens import mint
from tests.conftest import RunningStack
from tests.support.campaign_trigger import Trigger
from tests.support.organization import Organization, create_organization
from tests.support.waiting import PATIENCE

_numbers = itertools.count(2000)


@pytest.fixture
def connection(stack: RunningStack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def organization(connection: psycopg.Connection) -> Iterator[Organization]:
    """Create an organization; its campaigns are cancelled after the test."""
    created = create_organization(connection, f"+1628556{next(_numbers)}")
    yield created
    connection.execute(
        "update public.call_campaigns set status = 'cancelled', finished_at = now()"
        " where organization_id = %s and finished_at is null",
        (created.id,),
    )


@pytest.fixture
def trigger(stack: RunningStack) -> Iterator[Trigger]:
    """A client of the function; calls run a thousand times faster."""
    trigger = Trigger(stack)
    httpx.delete(
        f"{stack.url}/providers/retell/_control", headers=stack.control_headers, timeout=PATIENCE
    ).raise_for_status()
    trigger.control(speed=1000, concurrency_limit=1000, calls_per_second=1000)
    yield trigger
    httpx.delete(
        f"{stack.url}/providers/retell/_control", headers=stack.control_headers, timeout=PATIENCE
    ).raise_for_status()


@pytest.fixture
def member(stack: RunningStack, organization: Organization) -> Callable[[str], str]:
    """Create access tokens of new members by role."""

    def join(role: str) -> str:
        claims = {"sub": organization.add_member(role), "aud": "authenticated"}
        return mint(stack.jwt_secret, "authenticated", **claims)

    return join
