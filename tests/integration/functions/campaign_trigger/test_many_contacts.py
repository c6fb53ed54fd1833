"""Retries and cancellations that take several transactions and are interrupted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.campaign_trigger import Trigger
from tests.support.organization import Organization, rows, scalar
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MANY = 12_000
BATCH = 5_000


@pytest.fixture(autouse=True)
def blocks_dialling(organization: Organization) -> None:
    organization.set_pace(blocked_until=datetime.now(UTC) + timedelta(hours=2))


@pytest.fixture
def failed(organization: Organization) -> str:
    """A completed campaign whose contacts all failed."""
    campaign_id = organization.add_campaign(status="completed", finished_at="now")
    organization.connection.execute(
        "insert into public.campaign_contacts (campaign_id, organization_id, phone, time_zones,"
        " status, outcome, completed_at)"
        " select %s, %s, '+1' || (4155550000 + n), '{UTC}', 'failed', 'no_answer', '2026-01-01Z'"
        " from generate_series(1, %s) n",
        (campaign_id, organization.id, MANY),
    )
    return campaign_id


@pytest.fixture
def waiting(organization: Organization) -> str:
    """A draft with waiting contacts."""
    campaign_id = organization.add_campaign(status="draft")
    organization.connection.execute(
        "insert into public.campaign_contacts (campaign_id, organization_id, phone, time_zones)"
        " select %s, %s, '+1' || (4155550000 + n), '{UTC}' from generate_series(1, %s) n",
        (campaign_id, organization.id, MANY),
    )
    return campaign_id


@pytest.fixture
def held(stack: RunningStack, organization: Organization) -> Iterator[psycopg.Connection]:
    """A concurrent transaction for locks on seven thousand contacts."""
    with psycopg.connect(stack.dsn) as connection:
        yield connection
        connection.rollback()


def hold(held: psycopg.Connection, campaign_id: str) -> None:
    held.execute(
        "select from public.campaign_contacts where campaign_id = %s order by id limit 7000"
        " for update",
        (campaign_id,),
    )


def statuses(connection: psycopg.Connection, campaign_id: str) -> dict[str, int]:
    found = rows(
        connection,
        "select status, count(*) from public.campaign_contacts where campaign_id = %s group by 1",
        (campaign_id,),
    )
    return {row["status"]: row["count"] for row in found}


def is_retrying(connection: psycopg.Connection, campaign_id: str) -> bool:
    statement = "select retried_at is not null from public.call_campaigns where id = %s"
    return scalar(connection, statement, (campaign_id,))


def change_and_die(connection: psycopg.Connection, campaign_id: str, action: str) -> None:
    """Do what a worker does that is killed before it finishes."""
    connection.execute("select public.change_campaign_v1(%s, %s)", (campaign_id, action))


def test_a_retry_requeues_all_failed_contacts(
    trigger: Trigger, connection: psycopg.Connection, failed: str
) -> None:
    assert trigger("retry_failed", failed).json()["status"] == "active"

    wait_for(lambda: not is_retrying(connection, failed))
    assert statuses(connection, failed) == {"pending": MANY}


def test_a_paused_retry_continues_when_resumed(
    trigger: Trigger, connection: psycopg.Connection, failed: str, held: psycopg.Connection
) -> None:
    hold(held, failed)
    trigger("retry_failed", failed)
    wait_for(lambda: statuses(connection, failed) == {"pending": BATCH, "failed": 7000})
    trigger("pause_campaign", failed)
    held.rollback()
    assert trigger("schedule_check").status_code == 200
    assert statuses(connection, failed) == {"pending": BATCH, "failed": 7000}

    trigger("resume_campaign", failed)
    trigger("schedule_check")

    wait_for(lambda: not is_retrying(connection, failed))
    assert statuses(connection, failed) == {"pending": MANY}


def test_schedule_check_continues_the_retry_of_a_dead_worker(
    trigger: Trigger, connection: psycopg.Connection, failed: str
) -> None:
    change_and_die(connection, failed, "retry_failed")
    assert statuses(connection, failed) == {"pending": BATCH, "failed": MANY - BATCH}

    trigger("schedule_check")

    wait_for(lambda: not is_retrying(connection, failed))
    assert statuses(connection, failed) == {"pending": MANY}


def test_all_waiting_contacts_are_cancelled(
    trigger: Trigger, connection: psycopg.Connection, waiting: str
) -> None:
    assert trigger("start_campaign", waiting).status_code == 200
    assert trigger("pause_campaign", waiting).status_code == 200

    assert trigger("cancel_campaign", waiting).json()["status"] == "cancelled"

    wait_for(lambda: statuses(connection, waiting) == {"cancelled": MANY})


@pytest.mark.parametrize("is_held", [True, False])
def test_schedule_check_continues_the_cancellation_of_a_dead_worker(
    trigger: Trigger,
    connection: psycopg.Connection,
    waiting: str,
    held: psycopg.Connection,
    *,
    is_held: bool,
) -> None:
    if is_held:
        hold(held, waiting)
        trigger("cancel_campaign", waiting)
        wait_for(lambda: statuses(connection, waiting) == {"cancelled": BATCH, "pending": 7000})
        held.rollback()
    else:
        change_and_die(connection, waiting, "cancel_campaign")
        assert statuses(connection, waiting) == {"pending": MANY}

    trigger("schedule_check")

    wait_for(lambda: statuses(connection, waiting) == {"cancelled": MANY})
