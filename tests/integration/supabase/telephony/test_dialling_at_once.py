"""Many who dial at once: limits hold, nobody is claimed twice, and nobody waits for ever."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.organization import Organization, scalar

WORKERS = 8
Work = Callable[[psycopg.Connection], Any]
Together = Callable[[Sequence[Work]], list[Any]]
OPEN = "status in ('claimed', 'dialing', 'placed', 'unresolved')"


def numbers(count: int) -> list[str]:
    return [f"+1415556{n:04d}" for n in range(count)]


@pytest.fixture
def together(cluster: Cluster, database: str) -> Together:
    """Runs works at once, each with a connection of its own; an error in one is the test's."""

    def run(works: Sequence[Work]) -> list[Any]:
        def alone(work: Work) -> Any:
            with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
                return work(connection)

        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(alone, works))

    return run


def claiming(campaign_id: str, batch: int) -> Work:
    return lambda connection: claim(connection, campaign_id, batch)


def claim(
    connection: psycopg.Connection, campaign_id: str, batch: int
) -> list[tuple[Any, Any, str]]:
    return connection.execute(
        "select attempt_id, lease_token, phone from public.claim_contacts_v1(%s, %s)",
        (campaign_id, batch),
    ).fetchall()


def test_together_they_take_no_more_than_the_slots(
    organization: Organization, together: Together
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(60))
    organization.set_pace(current_limit=7)

    taken = together([claiming(campaign_id, 5)] * WORKERS)

    phones = [phone for orders in taken for _, _, phone in orders]
    assert len(phones) == len(set(phones)) == 7


def test_together_they_take_no_more_than_the_tokens(
    organization: Organization, together: Together
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(60))
    organization.set_pace(calls_per_second=0.001, tokens=1)

    taken = together([claiming(campaign_id, 5)] * WORKERS)

    assert sum(map(len, taken)) == 1


def test_campaigns_that_share_their_contacts_call_each_number_once(
    organization: Organization, together: Together
) -> None:
    campaigns = [organization.add_campaign() for _ in range(4)]
    for campaign_id in campaigns:
        organization.add_contacts(campaign_id, numbers(10))

    taken = together([claiming(campaign_id, 10) for campaign_id in campaigns * 2])

    assert sorted(phone for orders in taken for _, _, phone in orders) == numbers(10)
    in_calls = "select count(*) from public.campaign_contacts where status = 'calling'"
    assert scalar(organization.connection, in_calls) == 10


def test_dialling_ending_pausing_and_healing_go_on_side_by_side(
    organization: Organization, together: Together
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(120))

    def dial(connection: psycopg.Connection) -> None:
        for _ in range(40):
            for attempt_id, lease_token, _ in claim(connection, campaign_id, 4):
                begun = scalar(
                    connection, "select public.begin_dial_v1(%s, %s)", (attempt_id, lease_token)
                )
                if begun is None:
                    scalar(
                        connection,
                        "select public.place_call_v1(%s, %s)",
                        (attempt_id, f"call_{attempt_id}"),
                    )
                    reason = "concurrency_limit_reached" if attempt_id.int % 5 else "user_hangup"
                    scalar(
                        connection,
                        "select public.finish_attempt_v1(%s, %s)",
                        (attempt_id, reason),
                    )

    def disturb(connection: psycopg.Connection) -> None:
        for _ in range(20):
            for action in ("pause_campaign", "resume_campaign"):
                connection.execute(
                    "select public.change_campaign_v1(%s, %s)", (campaign_id, action)
                )
            connection.execute(
                "update public.dial_pace set blocked_until = null, current_limit = 50, tokens = 200"
            )
            connection.execute(
                "update public.campaign_contacts set next_attempt_at = '2020-01-01Z'"
                " where status = 'pending'"
            )

    def heal(connection: psycopg.Connection) -> None:
        for _ in range(30):
            connection.execute("select public.reap_leases_v1(100)")
            connection.execute("select public.list_campaign_work_v1()")
            connection.execute(
                "select public.refresh_concurrency_v1(%s, 50, 0, 0)", (organization.id,)
            )

    together([dial] * 6 + [disturb, heal])

    connection = organization.connection
    assert scalar(connection, f"select count(*) from public.call_attempts where {OPEN}") == 0
    calling = "select count(*) from public.campaign_contacts where status = 'calling'"
    assert scalar(connection, calling) == 0
    recount = (
        "select (s.total, s.processed, s.connected) = (r.total, r.processed, r.connected)"
        " from public.campaign_statistics s, (select count(*) as total,"
        " count(*) filter (where completed_at is not null) as processed,"
        " count(*) filter (where connected) as connected from public.campaign_contacts) r"
    )
    assert scalar(connection, recount)
