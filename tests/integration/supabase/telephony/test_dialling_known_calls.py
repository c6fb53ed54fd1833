"""Calls that were reported before they were known to be an attempt's, and those left by all."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.call_factory import apply
from tests.support.dialling import NOON, at, attempt, claim, contact, dial
from tests.support.organization import Organization, rows, scalar

PHONE = "+14155550001"
STRANGE: dict[str, Any] = {"call_id": "call_1", "call_status": "ended"}
ENDED: dict[str, Any] = {
    **STRANGE,
    "disconnection_reason": "user_hangup",
    "start_timestamp": 1_795_003_200_000,
    "duration_ms": 60_000,
    "call_cost": {"combined_cost": 13},
}


@pytest.fixture
def order(organization: Organization) -> dict[str, Any]:
    """Its request is on its way; the campaign has nobody else."""
    at(organization, NOON)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, [PHONE])
    return dial(organization, campaign_id)


def place(organization: Organization, order: dict[str, Any]) -> bool:
    return scalar(
        organization.connection,
        "select public.place_call_v1(%s, 'call_1')",
        (order["attempt_id"],),
    )


def call_of(organization: Organization) -> dict[str, Any]:
    (found,) = rows(organization.connection, "select * from public.calls")
    return found


def silent(organization: Organization) -> list[dict[str, Any]]:
    return rows(
        organization.connection,
        "select was_heard_of, is_over from public.claim_silent_calls_v1(10)",
    )


def test_a_call_that_was_over_before_it_was_known_ends_its_attempt(
    organization: Organization, order: dict[str, Any]
) -> None:
    apply(organization.connection, "call_ended", ENDED)
    assert call_of(organization)["contact_id"] is None

    assert place(organization, order) is False

    assert call_of(organization)["attempt_id"] == order["attempt_id"]
    assert attempt(organization, order)["disconnection_reason"] == "user_hangup"
    found = contact(organization, order["contact_id"])
    assert (found["status"], found["attempts"]) == ("completed", 1)
    assert (found["duration_ms"], found["cost_cents"]) == (60_000, 13)
    assert scalar(organization.connection, "select status from call_campaigns") == "completed"
    owner = scalar(organization.connection, "select organization_id::text from call_events")
    assert owner == organization.id


def test_what_its_analysis_had_found_is_noted_then(
    organization: Organization, order: dict[str, Any]
) -> None:
    connection = organization.connection
    analysis = {"call_successful": True, "in_voicemail": False}
    apply(connection, "call_ended", ENDED)
    apply(
        connection, "call_analyzed", {**ENDED, "call_analysis": analysis}, opt_out="call me never"
    )
    assert rows(connection, "select * from do_not_call") == []

    place(organization, order)

    assert contact(organization, order["contact_id"])["successful"] is True
    assert scalar(connection, "select phone from do_not_call") == PHONE


def test_a_call_that_has_begun_before_it_was_known_goes_on_as_its_attempts(
    organization: Organization, order: dict[str, Any]
) -> None:
    apply(organization.connection, "call_started", STRANGE | {"call_status": "ongoing"})

    assert place(organization, order) is True

    apply(organization.connection, "call_ended", ENDED)
    assert attempt(organization, order)["status"] == "ended"


def test_an_attempt_that_its_webhooks_have_ended_is_not_open_again(
    organization: Organization, order: dict[str, Any]
) -> None:
    metadata = {"attempt_id": str(order["attempt_id"])}
    for event in ("call_started", "call_ended", "call_analyzed"):
        apply(organization.connection, event, {**ENDED, "metadata": metadata})
    before = attempt(organization, order), contact(organization, order["contact_id"])
    assert before[0]["status"] == "ended"

    assert place(organization, order) is False

    after = attempt(organization, order), contact(organization, order["contact_id"])
    assert after[0]["status"] == "ended"
    assert after[1] == before[1]
    assert call_of(organization)["attempt_id"] == order["attempt_id"]


def test_a_call_that_nobody_has_reported_was_perhaps_never_made(
    organization: Organization, order: dict[str, Any]
) -> None:
    place(organization, order)
    at(organization, "2026-11-18T12:05Z")

    assert silent(organization) == [{"was_heard_of": False, "is_over": False}]


APPLY = (
    "select public.apply_call_events_v1('["
    '{{"event": "{event}", "call_id": "call_1", "direction": "outbound", "payload": {{}}}}'
    "]')"
)


@pytest.mark.parametrize(
    "change",
    [
        APPLY.format(event="call_started"),
        APPLY.format(event="transfer_started"),
        "update public.calls set started_at = now()",
    ],
)
def test_a_call_of_which_something_was_heard_was_made(
    organization: Organization, order: dict[str, Any], change: str
) -> None:
    place(organization, order)
    organization.connection.execute(change.encode())
    at(organization, "2026-11-18T12:05Z")

    assert silent(organization) == [{"was_heard_of": True, "is_over": False}]


def test_an_open_attempt_whose_calls_end_is_stored_is_told_and_can_be_ended(
    organization: Organization, order: dict[str, Any]
) -> None:
    place(organization, order)
    connection = organization.connection
    connection.execute("update public.calls set contact_id = null, attempt_id = null")
    connection.execute("update public.calls set status = 'completed', ended_at = now()")
    at(organization, "2026-11-18T12:05Z")
    assert silent(organization) == [{"was_heard_of": False, "is_over": True}]

    assert place(organization, order) is False

    assert attempt(organization, order)["status"] == "ended"


def age(organization: Organization, minutes: int) -> None:
    organization.connection.execute(
        "update public.calls set created_at = now() - %s", (timedelta(minutes=minutes),)
    )


def open_calls(organization: Organization) -> list[dict[str, Any]]:
    return rows(
        organization.connection,
        "select retell_call_id, is_hopeless from public.claim_open_calls_v1(10)",
    )


def test_an_inbound_call_without_an_end_is_asked_for_after_ten_minutes(
    organization: Organization,
) -> None:
    apply(organization.connection, "call_inbound", {"call_id": "call_1"})
    age(organization, 9)
    assert open_calls(organization) == []

    age(organization, 10)

    assert open_calls(organization) == [{"retell_call_id": "call_1", "is_hopeless": False}]
    assert open_calls(organization) == []


@pytest.mark.parametrize(
    ("minutes", "next_after", "is_hopeless"),
    [(10, 20, False), (90, 180, False), (1440, 2880, True)],
)
def test_it_is_asked_for_again_after_twice_the_time_and_for_a_day(
    organization: Organization, minutes: int, next_after: int, is_hopeless: bool
) -> None:
    apply(organization.connection, "call_started", {"call_id": "call_1"})
    age(organization, minutes)

    assert [call["is_hopeless"] for call in open_calls(organization)] == [is_hopeless]

    minutes_left = scalar(
        organization.connection,
        "select round(extract(epoch from check_after - created_at) / 60)::integer from calls",
    )
    assert minutes_left == next_after


def test_a_call_of_an_open_attempt_is_its_attempts_business(
    organization: Organization, order: dict[str, Any]
) -> None:
    place(organization, order)
    age(organization, 100)
    assert open_calls(organization) == []

    organization.connection.execute("update call_attempts set status = 'ended', ended_at = now()")

    assert len(open_calls(organization)) == 1


def test_a_call_that_is_over_is_asked_for_no_more(organization: Organization) -> None:
    apply(organization.connection, "call_ended", ENDED)
    age(organization, 100)

    assert open_calls(organization) == []


def test_a_call_without_an_end_is_given_up_and_may_still_be_told(
    organization: Organization,
) -> None:
    connection = organization.connection
    apply(connection, "call_started", {"call_id": "call_1", "start_timestamp": 1_795_003_200_000})

    connection.execute("select public.fail_call_v1('call_1')")

    found = call_of(organization)
    assert (found["status"], found["disconnection_reason"]) == ("failed", "unknown")
    assert found["ended_at"] == found["started_at"]
    apply(connection, "call_ended", ENDED)
    assert call_of(organization)["disconnection_reason"] == "user_hangup"


def test_the_limit_is_taken_over_before_anybody_was_dialled(organization: Organization) -> None:
    connection = organization.connection
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, [f"+141555500{n:02}" for n in range(5)])
    connection.execute("delete from public.dial_pace")

    connection.execute("select public.refresh_concurrency_v1(%s, 10, 2, 8)", (organization.id,))

    assert scalar(connection, "select current_limit from public.dial_pace") == 2
    assert claim(organization, campaign_id) == []
