"""Claiming and dialling: what is let through, what is put off, what each answer leaves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Json

from tests.support.call_factory import apply
from tests.support.dialling import NOON, at, attempt, begin, claim, contact, dial
from tests.support.organization import Organization, rows, scalar

NIGHT = "2026-11-18T03:00Z"


def phones(orders: Sequence[dict[str, Any]]) -> list[str]:
    return [order["phone"] for order in orders]


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"+1415555{start + n:04d}" for n in range(count)]


def test_a_claim_takes_the_earliest_and_tells_all_that_dialling_needs(
    organization: Organization,
) -> None:
    campaign_id = organization.add_campaign(variables=Json({"product": "tea", "tone": "warm"}))
    organization.add_contacts(campaign_id, ["+14155550001"], next_attempt_at="2021-01-01T00:00Z")
    (first,) = organization.add_contacts(
        campaign_id,
        ["+14155550002"],
        name="Ada",
        company="Acme",
        variables=Json({"tone": "dry"}),
    )

    (order,) = claim(organization, campaign_id, 1)

    assert order["contact_id"] == first
    assert order["phone"] == "+14155550002"
    assert (order["name"], order["company"]) == ("Ada", "Acme")
    assert order["variables"] == {"product": "tea", "tone": "dry"}
    assert (order["from_number"], order["retell_agent_id"]) == ("+14155550100", "agent_ada")
    assert order["idempotency_key"] == f"{campaign_id}:{first}:1"
    assert contact(organization, first)["status"] == "calling"


def test_nobody_is_claimed_twice(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(3))

    taken = claim(organization, campaign_id, 2) + claim(organization, campaign_id, 2)

    assert phones(taken) == numbers(3)
    assert claim(organization, campaign_id) == []


@pytest.mark.parametrize("status", ["draft", "paused", "cancelled"])
def test_only_active_campaigns_dial(organization: Organization, status: str) -> None:
    finished = "now()" if status == "cancelled" else None
    campaign_id = organization.add_campaign(status=status, finished_at=finished and NOON)
    organization.add_contacts(campaign_id, numbers(1))

    assert claim(organization, campaign_id) == []


def test_slots_are_what_the_limit_leaves_after_the_reserve_and_open_attempts(
    organization: Organization,
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(10))
    organization.set_pace(current_limit=6, reserved_concurrency=2)

    assert len(claim(organization, campaign_id, 3)) == 3
    assert len(claim(organization, campaign_id, 3)) == 1
    assert claim(organization, campaign_id, 3) == []

    organization.connection.execute("update public.call_attempts set lease_expires_at = now()")
    assert len(claim(organization, campaign_id, 3)) == 3


def test_calls_per_second_are_tokens(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(10))
    organization.set_pace(calls_per_second=0.001, tokens=1)

    assert len(claim(organization, campaign_id)) == 1
    assert claim(organization, campaign_id) == []
    wait = scalar(organization.connection, "select public.next_dial_delay_v1(%s)", (campaign_id,))
    assert 900_000 < wait <= 1_000_000

    organization.connection.execute(
        "update public.dial_pace set refilled_at = refilled_at - interval '5000 s'"
    )
    assert len(claim(organization, campaign_id)) == 1


def test_a_pace_that_is_blocked_dials_nothing(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    (order,) = claim(organization, campaign_id)
    organization.connection.execute("select public.slow_down_v1(%s)", (organization.id,))

    assert begin(organization, order) == "slowed_down"
    assert contact(organization, order["contact_id"])["status"] == "pending"
    assert claim(organization, campaign_id) == []


def test_who_is_on_the_list_is_cancelled_not_called(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    listed, other = organization.add_contacts(campaign_id, numbers(2))
    organization.connection.execute(
        "insert into public.do_not_call (organization_id, phone) values (%s, %s)",
        (organization.id, numbers(1)[0]),
    )

    assert phones(claim(organization, campaign_id, 1)) == numbers(1, 1)
    found = contact(organization, listed)
    assert (found["status"], found["outcome"]) == ("cancelled", "do_not_call")
    assert contact(organization, other)["status"] == "calling"


def test_outside_its_hours_a_contact_waits_for_them(organization: Organization) -> None:
    campaign_id = organization.add_campaign(opens_at="08:00", closes_at="20:00")
    (sleeping,) = organization.add_contacts(
        campaign_id, numbers(1), time_zones=["America/New_York", "America/Chicago"]
    )
    (awake,) = organization.add_contacts(campaign_id, numbers(1, 1), time_zones=["Asia/Kolkata"])
    at(organization, NIGHT)

    assert [order["contact_id"] for order in claim(organization, campaign_id, 2)] == [awake]
    found = contact(organization, sleeping)
    assert found["status"] == "pending"
    assert found["next_attempt_at"].isoformat() == "2026-11-18T14:00:00+00:00"  # 08:00 in Chicago

    at(organization, "2026-11-18T14:00Z")
    assert [order["contact_id"] for order in claim(organization, campaign_id, 2)] == [sleeping]


def test_who_has_no_hours_at_all_fails(organization: Organization) -> None:
    campaign_id = organization.add_campaign(opens_at="09:00", closes_at="10:00")
    (nowhere,) = organization.add_contacts(
        campaign_id, numbers(1), time_zones=["America/Los_Angeles", "Asia/Kolkata"]
    )

    assert claim(organization, campaign_id) == []
    found = contact(organization, nowhere)
    assert (found["status"], found["outcome"]) == ("failed", "no_calling_hours")


def test_attempts_beyond_the_cap_are_not_made(organization: Organization) -> None:
    campaign_id = organization.add_campaign(max_attempts=2)
    (tired,) = organization.add_contacts(
        campaign_id, numbers(1), attempts=2, dials=2, outcome="no_answer"
    )

    assert claim(organization, campaign_id) == []
    found = contact(organization, tired)
    assert (found["status"], found["outcome"]) == ("failed", "no_answer")


def test_a_number_is_dialled_three_times_in_24_hours_by_all_campaigns_together(
    organization: Organization,
) -> None:
    at(organization, NOON)
    for hour in (10, 9, 8):
        campaign_id = organization.add_campaign()
        (id_,) = organization.add_contacts(campaign_id, numbers(1), status="calling")
        organization.connection.execute(
            "insert into public.call_attempts (contact_id, campaign_id, organization_id, phone,"
            " number, idempotency_key, lease_expires_at, status, ended_at, dialed_at)"
            " values (%s, %s, %s, %s, 1, gen_random_uuid(), now(), 'ended', now(), %s)",
            (id_, campaign_id, organization.id, numbers(1)[0], f"2026-11-18T{hour:02d}:00Z"),
        )
    campaign_id = organization.add_campaign()
    (fourth,) = organization.add_contacts(campaign_id, numbers(1))

    assert claim(organization, campaign_id) == []
    found = contact(organization, fourth)
    assert found["next_attempt_at"].isoformat() == "2026-11-19T08:00:00+00:00"
    at(organization, "2026-11-19T08:00Z")
    assert len(claim(organization, campaign_id)) == 1


def test_two_campaigns_never_call_a_number_at_once(organization: Organization) -> None:
    at(organization, NOON)
    first, second = organization.add_campaign(), organization.add_campaign()
    organization.add_contacts(first, numbers(1))
    (waiting,) = organization.add_contacts(second, numbers(1))
    assert len(claim(organization, first)) == 1

    assert claim(organization, second) == []
    found = contact(organization, waiting)
    assert found["next_attempt_at"].isoformat() == "2026-11-18T12:10:00+00:00"


def test_another_organization_may_call_the_number(
    organization: Organization, other_organization: Organization
) -> None:
    for owner in (organization, other_organization):
        campaign_id = owner.add_campaign()
        owner.add_contacts(campaign_id, numbers(1))
        assert len(claim(owner, campaign_id)) == 1


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ("update public.call_campaigns set status = 'paused'", "campaign_paused"),
        (
            "update public.call_campaigns set status = 'cancelled', finished_at = now()",
            "campaign_cancelled",
        ),
        (
            "insert into public.do_not_call (organization_id, phone)"
            " select organization_id, phone from public.campaign_contacts",
            "do_not_call",
        ),
        ("update public.campaign_contacts set time_zones = '{America/New_York}'", "outside_hours"),
        ("update public.campaign_contacts set attempts = 3, dials = 3", "failed"),
        ("update public.call_attempts set lease_expires_at = now()", "lease_expired"),
        ("update public.call_attempts set lease_token = gen_random_uuid()", "not_claimed"),
    ],
)
def test_what_changed_since_the_claim_stops_the_dial(
    organization: Organization, change: str, obstacle: str
) -> None:
    at(organization, NIGHT)
    campaign_id = organization.add_campaign(opens_at="01:00", closes_at="20:00")
    organization.add_contacts(campaign_id, numbers(1))
    (order,) = claim(organization, campaign_id)
    organization.connection.execute(change.encode())

    assert begin(organization, order) == obstacle
    assert attempt(organization, order)["dialed_at"] is None


def test_a_cancelled_campaign_takes_its_claimed_contacts_along(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    (order,) = claim(organization, campaign_id)
    organization.connection.execute(
        "update public.call_campaigns set status = 'cancelled', finished_at = now()"
    )
    begin(organization, order)

    assert contact(organization, order["contact_id"])["status"] == "cancelled"


def test_a_placed_call_is_linked_and_its_settlement_ends_the_campaign(
    organization: Organization,
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    order = dial(organization, campaign_id)
    connection = organization.connection

    assert scalar(connection, "select public.place_call_v1(%s, 'call_1')", (order["attempt_id"],))
    (call,) = rows(connection, "select * from public.calls")
    assert (str(call["attempt_id"]), call["contact_id"]) == (
        str(order["attempt_id"]),
        order["contact_id"],
    )
    assert contact(organization, order["contact_id"])["dials"] == 1

    scalar(
        connection,
        "select public.finish_attempt_v1(%s, 'user_hangup')::text",
        (order["attempt_id"],),
    )
    assert scalar(connection, "select status from public.call_campaigns") == "completed"


def test_a_released_attempt_counts_for_nothing_and_the_next_has_another_key(
    organization: Organization,
) -> None:
    at(organization, NOON)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    order = dial(organization, campaign_id)

    scalar(
        organization.connection,
        "select public.release_attempt_v1(%s, %s, 60, 'HTTP 429')",
        (order["attempt_id"], order["lease_token"]),
    )

    found = contact(organization, order["contact_id"])
    assert (found["status"], found["attempts"], found["dials"]) == ("pending", 0, 0)
    assert found["next_attempt_at"].isoformat() == "2026-11-18T12:01:00+00:00"
    assert attempt(organization, order)["error"] == "HTTP 429"
    at(organization, "2026-11-18T12:01Z")
    (again,) = claim(organization, campaign_id)
    assert again["idempotency_key"].endswith(":2")


def test_an_unresolved_attempt_blocks_its_contact_and_is_asked_for(
    organization: Organization,
) -> None:
    at(organization, NOON)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    order = dial(organization, campaign_id)
    connection = organization.connection
    parameters = (order["attempt_id"], order["lease_token"])
    assert scalar(connection, "select public.mark_unresolved_v1(%s, %s, 'timeout')", parameters)

    assert claim(organization, campaign_id) == []
    at(organization, "2026-11-18T12:01Z")
    taken = "select (dial).*, is_hopeless from public.claim_unresolved_attempts_v1(10)"
    (asked,) = rows(connection, taken)
    assert asked["idempotency_key"] == order["idempotency_key"]
    assert asked["lease_token"] != order["lease_token"]
    assert asked["is_hopeless"] is False
    assert rows(connection, taken) == []


def test_a_dead_workers_claims_go_back_and_its_dials_become_unresolved(
    organization: Organization,
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(2))
    claimed, dialled = claim(organization, campaign_id)
    assert begin(organization, dialled) is None
    connection = organization.connection
    connection.execute("update public.call_attempts set lease_expires_at = now()")

    assert scalar(connection, "select public.reap_leases_v1(100)") == 2
    assert contact(organization, claimed["contact_id"])["status"] == "pending"
    assert attempt(organization, dialled)["status"] == "unresolved"
    assert contact(organization, dialled["contact_id"])["status"] == "calling"


def test_silent_calls_are_asked_for_every_five_minutes(organization: Organization) -> None:
    at(organization, NOON)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    order = dial(organization, campaign_id)
    connection = organization.connection
    scalar(connection, "select public.place_call_v1(%s, 'call_1')", (order["attempt_id"],))
    silent = "select retell_call_id from public.claim_silent_calls_v1(10)"

    assert rows(connection, silent) == []
    at(organization, "2026-11-18T12:05Z")
    assert rows(connection, silent) == [{"retell_call_id": "call_1"}]
    assert rows(connection, silent) == []
    at(organization, "2026-11-18T12:10Z")
    assert rows(connection, silent) == [{"retell_call_id": "call_1"}]


def test_an_analysis_is_asked_for_less_and_less_often_and_for_a_day(
    organization: Organization,
) -> None:
    at(organization, NOON)
    connection = organization.connection
    call = {"call_id": "call_1", "call_status": "ended", "start_timestamp": 1_700_000_000_000}
    apply(connection, "call_ended", call)
    due = "select * from public.claim_unanalyzed_calls_v1(10) as call_id"

    asked: list[int] = []
    for minutes in range(0, 3 * 24 * 60, 5):
        at(organization, str(datetime.fromisoformat(NOON) + timedelta(minutes=minutes)))
        asked += [minutes for _ in rows(connection, due)]

    assert asked == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]


def test_an_analysis_that_has_come_is_not_asked_for(organization: Organization) -> None:
    at(organization, NOON)
    connection = organization.connection
    call = {"call_id": "call_1", "call_status": "ended", "start_timestamp": 1_700_000_000_000}
    apply(connection, "call_ended", call)
    apply(connection, "call_analyzed", call)
    apply(connection, "call_analyzed", {**call, "call_id": "call_2"})
    apply(connection, "call_ended", {**call, "call_id": "call_2"})
    at(organization, "2026-11-18T13:00Z")

    assert rows(connection, "select public.claim_unanalyzed_calls_v1(10)") == []


def test_the_pace_follows_the_providers_limit_and_leaves_room_for_others(
    organization: Organization,
) -> None:
    connection = organization.connection
    connection.execute("select public.refresh_concurrency_v1(%s, 50, 5, 12)", (organization.id,))
    assert scalar(connection, "select current_limit from public.dial_pace") == 38

    connection.execute("select public.slow_down_v1(%s)", (organization.id,))
    connection.execute("select public.refresh_concurrency_v1(%s, 50, 5, 0)", (organization.id,))
    assert scalar(connection, "select current_limit from public.dial_pace") == 19

    connection.execute("update public.dial_pace set blocked_until = now() - interval '1 s'")
    connection.execute("select public.refresh_concurrency_v1(%s, 50, 5, 0)", (organization.id,))
    assert scalar(connection, "select current_limit from public.dial_pace") == 31


def test_a_campaign_without_agent_is_paused_with_a_reason(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(1))
    organization.connection.execute("update public.agents set status = 'inactive'")

    assert claim(organization, campaign_id) == []
    (found,) = rows(organization.connection, "select status, status_reason from call_campaigns")
    assert found["status"] == "paused"
    assert "no active agent" in found["status_reason"]


def test_an_unknown_campaign_claims_nothing(organization: Organization) -> None:
    assert claim(organization, str(uuid4())) == []
