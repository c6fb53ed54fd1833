"""The claim's own statement, planned by Postgres: a range of one index at any size."""

import re
from typing import Any

import pytest

from tests.support.call_factory import apply
from tests.support.organization import Organization, scalar

# Sessions and statistics of its own: what others rolled back would be read through.
pytestmark = pytest.mark.usefixtures("database")
CONTACTS = 100_000
OPENING = r"for contact in\s+(select .*?)\s+loop"


def claim_statement(organization: Organization) -> str:
    """As it stands in the function, its variable aside."""
    source = scalar(
        organization.connection,
        "select prosrc from pg_proc where proname = 'pick_due_contacts'",
    )
    found = re.search(OPENING, source, re.DOTALL)
    assert found is not None
    return found.group(1).replace("campaign.id", "%s")


def scans(plan: dict[str, Any]) -> list[dict[str, Any]]:
    below = [scan for child in plan.get("Plans", ()) for scan in scans(child)]
    return ([plan] if "Scan" in plan["Node Type"] else []) + below


def add_many(organization: Organization, campaign_id: str, count: int) -> None:
    """Contacts that become due one after the other."""
    organization.connection.execute(
        "insert into public.campaign_contacts"
        " (campaign_id, organization_id, phone, time_zones, next_attempt_at)"
        " select %s, %s, '+1' || (2000000000 + n), '{UTC}',"
        " timestamptz '2026-01-01Z' + n * interval '1 s' from generate_series(1, %s) n",
        (campaign_id, organization.id, count),
    )


def test_it_reads_the_beginning_of_one_index(organization: Organization) -> None:
    connection = organization.connection
    others, campaign_id = organization.add_campaign(), organization.add_campaign()
    add_many(organization, campaign_id, CONTACTS // 2)
    add_many(organization, others, CONTACTS // 2)
    connection.execute("analyze public.campaign_contacts")

    with connection.transaction(force_rollback=True):
        (explained,) = scalar(
            connection,
            f"explain (analyze, buffers, format json) {claim_statement(organization)}",
            (campaign_id,),
        )

    (scan,) = scans(explained["Plan"])
    assert scan["Node Type"] == "Index Scan"
    assert scan["Index Name"] == "campaign_contacts_due_idx"
    assert "campaign_id = " in scan["Index Cond"]
    assert "next_attempt_at <= " in scan["Index Cond"]
    assert scan["Actual Rows"] <= 1000  # the limit: not one row is read to be thrown away
    assert "Rows Removed by Filter" not in scan or scan["Rows Removed by Filter"] == 0
    assert not any(node == "Sort" for node in _nodes(explained["Plan"]))


def _nodes(plan: dict[str, Any]) -> list[str]:
    return [plan["Node Type"], *(n for child in plan.get("Plans", ()) for n in _nodes(child))]


def count_full_reads(organization: Organization) -> int:
    """How often one of the tables of calls was read from its beginning to its end."""
    organization.connection.execute("select pg_stat_force_next_flush()")
    return scalar(
        organization.connection,
        "select sum(seq_scan)::integer from pg_stat_user_tables"
        " where relname in ('campaign_contacts', 'call_attempts', 'calls')",
    )


def dial_everybody(organization: Organization, campaign_id: str) -> None:
    """Often enough for plans that are kept; some calls are not reported to have ended."""
    connection = organization.connection
    for _ in range(12):
        orders = connection.execute(
            "select attempt_id, lease_token from public.claim_contacts_v1(%s, 5)", (campaign_id,)
        ).fetchall()
        for number, (attempt_id, token) in enumerate(orders):
            call_id = f"call_{attempt_id}"
            connection.execute("select public.begin_dial_v1(%s, %s)", (attempt_id, token))
            connection.execute("select public.place_call_v1(%s, %s)", (attempt_id, call_id))
            call = {"call_id": call_id, "disconnection_reason": "user_hangup"}
            for event in ("call_started", "call_ended", "call_analyzed")[: number % 4]:
                apply(connection, event, call)


def test_nothing_is_read_through_while_a_new_database_fills(organization: Organization) -> None:
    """A session keeps plans that were made when its tables were empty, and nothing was analysed."""
    organization.set_pace()
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, [f"+1415555{n:04}" for n in range(60)])
    before = count_full_reads(organization)

    dial_everybody(organization, campaign_id)

    assert count_full_reads(organization) == before


SMALL = ("one_open_per_contact", "one_open_per_phone", "check", "stale")


def count_entries_read(organization: Organization) -> int:
    """Of the indexes in which an attempt is only while it is open."""
    return scalar(
        organization.connection,
        "select sum(pg_stat_get_xact_tuples_returned(indexrelid))::integer"
        " from pg_stat_user_indexes where indexrelname = any(%s)",
        ([f"call_attempts_{name}_idx" for name in SMALL],),
    )


def test_an_attempt_is_not_looked_for_among_the_open_ones(organization: Organization) -> None:
    """To the planner their indexes are as cheap as the key; a minute's dead entries are in them."""
    connection = organization.connection
    organization.set_pace()
    past, campaign_id = organization.add_campaign(), organization.add_campaign()
    add_many(organization, past, 9000)
    organization.add_contacts(campaign_id, [f"+1415555{n:04}" for n in range(60)])
    connection.execute(
        "insert into public.call_attempts (contact_id, campaign_id, organization_id, phone, number,"
        " idempotency_key, status, lease_expires_at, dialed_at, ended_at)"
        " select id, campaign_id, organization_id, phone, 1, id, 'ended', now(), now(), now()"
        " from public.campaign_contacts where campaign_id = %s",
        (past,),
    )
    connection.execute("vacuum analyze public.call_attempts")

    with connection.transaction():
        dial_everybody(organization, campaign_id)
        read = count_entries_read(organization)

    # Twelve claims count the slots that are taken, twice each; nobody else reads through them.
    assert read <= 12 * 2 * 2 * 60
