"""A request without an answer leaves once more: judged again, by the same key, within its hour."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.dialling import NOON, at, attempt, begin, claim, contact, dial
from tests.support.organization import Organization, rows, scalar

PHONE = "+14155550001"


@pytest.fixture
def order(organization: Organization) -> dict[str, Any]:
    """An unresolved attempt, dialled at noon, in the hands of a worker."""
    at(organization, NOON)
    campaign_id = organization.add_campaign(opens_at="08:00", closes_at="20:00")
    organization.add_contacts(campaign_id, [PHONE])
    unresolved = dial(organization, campaign_id)
    lease = (unresolved["attempt_id"], unresolved["lease_token"])
    assert scalar(organization.connection, "select public.mark_unresolved_v1(%s, %s, 'cut')", lease)
    at(organization, "2026-11-18T12:01Z")
    return take(organization)


def take(organization: Organization) -> dict[str, Any]:
    (taken,) = rows(
        organization.connection,
        "select (dial).*, is_hopeless from public.claim_unresolved_attempts_v1(10)",
    )
    return taken


def begin_again(organization: Organization, order: dict[str, Any]) -> datetime | None:
    return scalar(
        organization.connection,
        "select public.resend_dial_v1(%s, %s)",
        (order["attempt_id"], order["lease_token"]),
    )


def undo(organization: Organization, order: dict[str, Any], dialed_at: datetime) -> None:
    organization.connection.execute(
        "select public.undo_resend_v1(%s, %s, %s)",
        (order["attempt_id"], order["lease_token"], dialed_at),
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def dialed_at(organization: Organization, order: dict[str, Any]) -> datetime:
    return attempt(organization, order)["dialed_at"]


def test_the_dial_is_at_the_moment_of_the_request_that_left_last(
    organization: Organization, order: dict[str, Any]
) -> None:
    at(organization, "2026-11-18T12:02Z")

    assert begin_again(organization, order) == moment(NOON)

    found = attempt(organization, order)
    assert (found["status"], found["dialed_at"]) == ("unresolved", moment("2026-11-18T12:02Z"))
    assert found["first_dialed_at"] == moment(NOON)
    assert contact(organization, order["contact_id"])["dials"] == 1


def test_the_retry_is_measured_from_the_request_that_made_the_call(
    organization: Organization, order: dict[str, Any]
) -> None:
    at(organization, "2026-11-18T12:40Z")
    assert begin_again(organization, order)
    connection = organization.connection
    connection.execute("select public.place_call_v1(%s, 'call_1')", (order["attempt_id"],))

    scalar(connection, "select public.finish_attempt_v1(%s, 'dial_busy')", (order["attempt_id"],))

    next_dial = contact(organization, order["contact_id"])["next_attempt_at"]
    assert next_dial == moment("2026-11-18T13:00Z")


def test_a_request_that_made_no_call_is_no_dial(
    organization: Organization, order: dict[str, Any]
) -> None:
    at(organization, "2026-11-18T12:02Z")
    before = begin_again(organization, order)
    assert before

    undo(organization, order, before)

    assert dialed_at(organization, order) == moment(NOON)


def test_the_hour_of_the_key_counts_from_the_first_request(
    organization: Organization, order: dict[str, Any]
) -> None:
    for minute in ("12:02", "12:20", "12:49"):
        at(organization, f"2026-11-18T{minute}Z")
        assert begin_again(organization, order)

    at(organization, "2026-11-18T12:50Z")

    assert begin_again(organization, order) is None
    assert dialed_at(organization, order) == moment("2026-11-18T12:49Z")
    assert take(organization)["is_hopeless"] is False


@pytest.mark.parametrize(("minute", "is_hopeless"), [("13:04", False), ("13:06", True)])
def test_without_hope_is_who_was_dialled_so_long_ago_that_the_list_would_have_it(
    organization: Organization, order: dict[str, Any], minute: str, is_hopeless: bool
) -> None:
    at(organization, "2026-11-18T12:49Z")
    assert begin_again(organization, order)

    at(organization, f"2026-11-18T{minute}Z")

    assert take(organization)["is_hopeless"] is is_hopeless


@pytest.mark.parametrize(
    "change",
    [
        "update public.call_campaigns set status = 'paused'",
        "update public.call_campaigns set status = 'cancelled', finished_at = now()",
        "update public.call_campaigns set closes_at = '12:01'",
        "insert into public.do_not_call (organization_id, phone)"
        " select organization_id, phone from public.campaign_contacts",
        "update public.dial_pace set blocked_until = now() + interval '1 minute'",
        "update public.call_attempts set lease_expires_at = now()",
        "update public.call_attempts set lease_token = gen_random_uuid()",
        "update public.call_attempts set status = 'placed', retell_call_id = 'call_1'",
        "update public.call_attempts set status = 'ended', ended_at = now()",
    ],
)
def test_what_has_changed_since_it_was_taken_stops_the_request(
    organization: Organization, order: dict[str, Any], change: str
) -> None:
    organization.connection.execute(change.encode())

    assert begin_again(organization, order) is None
    assert dialed_at(organization, order) == moment(NOON)


def test_the_third_dial_of_a_day_does_not_stand_in_its_own_way(organization: Organization) -> None:
    at(organization, NOON)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, [PHONE])
    connection = organization.connection
    for hour in ("09", "10"):
        earlier = organization.add_campaign()
        (id_,) = organization.add_contacts(earlier, [PHONE], status="calling")
        connection.execute(
            "insert into public.call_attempts (contact_id, campaign_id, organization_id, phone,"
            " number, idempotency_key, lease_expires_at, status, ended_at, dialed_at)"
            " values (%s, %s, %s, %s, 1, gen_random_uuid(), now(), 'ended', now(), %s)",
            (id_, earlier, organization.id, PHONE, f"2026-11-18T{hour}:00Z"),
        )
    (claimed,) = claim(organization, campaign_id)
    assert begin(organization, claimed) is None
    lease = (claimed["attempt_id"], claimed["lease_token"])
    scalar(connection, "select public.mark_unresolved_v1(%s, %s, 'cut')", lease)
    at(organization, "2026-11-18T12:05Z")

    assert begin_again(organization, take(organization)) == moment(NOON)
