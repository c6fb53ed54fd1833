"""Retrying and cancelling more contacts than one transaction takes: none is left behind."""

from typing import Any

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.organization import Organization, rows, scalar

pytestmark = pytest.mark.usefixtures("database")  # in one transaction, each batch is slower
MANY = 12_000
BATCH = 5_000
FAILED = {"status": "failed", "outcome": "no_answer", "attempts": 3, "completed_at": "2026-01-01Z"}


def add_many(organization: Organization, campaign_id: str, **columns: Any) -> None:
    values = {"time_zones": ["UTC"], "next_attempt_at": "2020-01-01Z", "dials": 3, **columns}
    organization.connection.execute(
        f"insert into public.campaign_contacts (campaign_id, organization_id, phone,"
        f" {', '.join(values)}) select %(campaign)s, %(organization)s, '+1' || (2125550000 + n),"
        f" {', '.join(f'%({name})s' for name in values)}"
        f" from generate_series(1, {MANY}) n".encode(),
        {"campaign": campaign_id, "organization": organization.id, **values},
    )


def change(organization: Organization, campaign_id: str, action: str) -> str:
    statement = "select public.change_campaign_v1(%s, %s)"
    return scalar(organization.connection, statement, (campaign_id, action))


def move(organization: Organization, function: str, campaign_id: str) -> list[int]:
    """What the function moves in each of its turns, until it moves nobody."""
    moved: list[int] = []
    while not moved or moved[-1]:
        statement = f"select public.{function}(%s)"
        moved.append(scalar(organization.connection, statement, (campaign_id,)))
    return moved[:-1]


def statuses(organization: Organization, campaign_id: str) -> dict[str, int]:
    found = rows(
        organization.connection,
        "select status, count(*) from public.campaign_contacts where campaign_id = %s group by 1",
        (campaign_id,),
    )
    return {row["status"]: row["count"] for row in found}


def end_pending(organization: Organization, status: str) -> None:
    organization.connection.execute(
        "update public.campaign_contacts set status = %s, completed_at = now()"
        " where status = 'pending'",
        (status,),
    )


def work(organization: Organization, kind: str) -> list[str]:
    return scalar(organization.connection, "select public.list_campaign_work_v1()")[kind]


def campaign(organization: Organization, campaign_id: str) -> dict[str, Any]:
    (found,) = rows(
        organization.connection,
        "select status, retried_at from public.call_campaigns where id = %s",
        (campaign_id,),
    )
    return found


@pytest.fixture
def failed(organization: Organization) -> str:
    """A completed campaign in which nobody was reached."""
    campaign_id = organization.add_campaign(status="completed", finished_at="now")
    add_many(organization, campaign_id, **FAILED)
    return campaign_id


def test_all_who_failed_are_queued_again_batch_by_batch(
    organization: Organization, failed: str
) -> None:
    assert change(organization, failed, "retry_failed") == "active"
    assert statuses(organization, failed) == {"pending": BATCH, "failed": MANY - BATCH}

    assert move(organization, "requeue_failed_contacts_v1", failed) == [BATCH, MANY - 2 * BATCH]

    assert statuses(organization, failed) == {"pending": MANY}
    assert work(organization, "retrying") == []


def test_a_pause_in_a_retry_loses_nobody(organization: Organization, failed: str) -> None:
    change(organization, failed, "retry_failed")
    change(organization, failed, "pause_campaign")

    assert move(organization, "requeue_failed_contacts_v1", failed) == []
    assert work(organization, "retrying") == []

    change(organization, failed, "resume_campaign")
    assert work(organization, "retrying") == [failed]
    move(organization, "requeue_failed_contacts_v1", failed)
    assert statuses(organization, failed) == {"pending": MANY}
    assert work(organization, "retrying") == []


def test_a_retry_that_lost_its_worker_is_named_until_it_is_done(
    organization: Organization, failed: str
) -> None:
    change(organization, failed, "retry_failed")

    assert work(organization, "retrying") == [failed]

    move(organization, "requeue_failed_contacts_v1", failed)
    assert work(organization, "retrying") == []


def test_who_is_held_by_others_is_queued_again_later(
    organization: Organization, failed: str, cluster: Cluster, database: str
) -> None:
    with psycopg.connect(cluster.dsn(database)) as other:
        other.execute("select from public.campaign_contacts for update")
        assert change(organization, failed, "retry_failed") == "active"
        assert move(organization, "requeue_failed_contacts_v1", failed) == []
        other.rollback()

    assert work(organization, "retrying") == [failed]
    assert move(organization, "requeue_failed_contacts_v1", failed) == [
        BATCH,
        BATCH,
        MANY - 2 * BATCH,
    ]


def test_a_retry_goes_on_although_nobody_is_queued_at_the_moment(
    organization: Organization, failed: str
) -> None:
    """All of the first batch were called before the second was queued, some by then in a pause."""
    change(organization, failed, "retry_failed")
    end_pending(organization, "completed")
    change(organization, failed, "pause_campaign")

    assert change(organization, failed, "resume_campaign") == "active"
    assert work(organization, "retrying") == [failed]

    move(organization, "requeue_failed_contacts_v1", failed)
    assert statuses(organization, failed) == {"completed": BATCH, "pending": MANY - BATCH}


def test_a_retry_that_ends_after_its_calls_completes_the_campaign(
    organization: Organization,
) -> None:
    campaign_id = organization.add_campaign(status="completed", finished_at="now")
    organization.add_contacts(campaign_id, ["+14155550111"], dials=3, **FAILED)
    change(organization, campaign_id, "retry_failed")
    organization.connection.execute(
        "update public.campaign_contacts set status = 'completed', completed_at = now()"
    )

    assert (
        scalar(organization.connection, "select telephony.complete_campaign(%s)", (campaign_id,))
        is False
    )
    assert move(organization, "requeue_failed_contacts_v1", campaign_id) == []

    assert campaign(organization, campaign_id) == {"status": "completed", "retried_at": None}


def test_a_second_retry_takes_those_along_who_have_failed_since(
    organization: Organization, failed: str
) -> None:
    change(organization, failed, "retry_failed")
    end_pending(organization, "failed")

    change(organization, failed, "retry_failed")
    move(organization, "requeue_failed_contacts_v1", failed)

    assert statuses(organization, failed) == {"pending": MANY}


def test_a_cancelled_campaign_retries_nobody(organization: Organization, failed: str) -> None:
    change(organization, failed, "retry_failed")
    change(organization, failed, "cancel_campaign")

    assert move(organization, "requeue_failed_contacts_v1", failed) == []
    assert campaign(organization, failed) == {"status": "cancelled", "retried_at": None}
    move(organization, "cancel_contacts_v1", failed)
    assert statuses(organization, failed) == {"cancelled": BATCH, "failed": MANY - BATCH}


def test_all_who_wait_are_cancelled_batch_by_batch(
    organization: Organization, cluster: Cluster, database: str
) -> None:
    campaign_id = organization.add_campaign()
    add_many(organization, campaign_id)
    change(organization, campaign_id, "pause_campaign")
    change(organization, campaign_id, "cancel_campaign")
    assert statuses(organization, campaign_id) == {"pending": MANY}

    with psycopg.connect(cluster.dsn(database)) as other:
        other.execute("select from public.campaign_contacts order by id limit 1000 for update")
        moved = move(organization, "cancel_contacts_v1", campaign_id)
        other.rollback()

    assert moved == [BATCH, BATCH, MANY - 2 * BATCH - 1000]
    assert work(organization, "cancelling") == [campaign_id]
    assert move(organization, "cancel_contacts_v1", campaign_id) == [1000]
    assert work(organization, "cancelling") == []
    assert statuses(organization, campaign_id) == {"cancelled": MANY}


def test_what_was_cancelled_is_counted(organization: Organization) -> None:
    campaign_id = organization.add_campaign(status="draft")
    add_many(organization, campaign_id)
    change(organization, campaign_id, "cancel_campaign")
    move(organization, "cancel_contacts_v1", campaign_id)

    (figures,) = rows(
        organization.connection,
        "select total, processed, failed from public.campaign_statistics where campaign_id = %s",
        (campaign_id,),
    )
    assert figures == {"total": MANY, "processed": MANY, "failed": 0}
