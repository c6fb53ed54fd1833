"""Faults of the provider, on the whole stack: no contact is called twice or forgotten."""

import json
from typing import Any

import psycopg
import pytest

from tests.support.campaign_trigger import (
    Trigger,
    attempts_of,
    campaign_of,
    contacts_of,
    numbers,
)
from tests.support.organization import Organization, rows, scalar
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

AGREES = 90


@pytest.fixture
def campaign_id(organization: Organization) -> str:
    return organization.add_campaign()


@pytest.fixture
def phone(organization: Organization, campaign_id: str) -> str:
    (number,) = numbers(AGREES)
    organization.add_contacts(campaign_id, [number])
    return number


def make_due(connection: psycopg.Connection) -> None:
    """Make reconciliation and postponed contacts due now."""
    connection.execute("update public.call_attempts set check_after = now() - interval '1 s'")
    connection.execute("update public.dial_pace set blocked_until = now() - interval '1 s'")
    connection.execute(
        "update public.campaign_contacts set next_attempt_at = now() - interval '1 s'"
        " where status = 'pending'"
    )


def put_dial_back(connection: psycopg.Connection, phone: str) -> None:
    """Move the dial beyond the lifetime of the provider's idempotency key."""
    moved = connection.execute(
        "update public.call_attempts set dialed_at = dialed_at - interval '2 hours',"
        " first_dialed_at = first_dialed_at - interval '2 hours'"
        " where phone = %s and status = 'unresolved'",
        (phone,),
    )
    assert moved.rowcount == 1


def lose_webhooks(trigger: Trigger) -> None:
    """Lose the webhooks of the next call: started, ended, analyzed."""
    for _ in range(3):
        trigger.stack.fault(provider="retell", kind="lost", endpoint="webhook")


def dial(trigger: Trigger, campaign_id: str) -> dict[str, Any]:
    return trigger("process_batch", campaign_id).json()


def check_until_completed(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str
) -> None:
    def is_completed() -> bool:
        make_due(connection)
        trigger("schedule_check")
        return campaign_of(connection, campaign_id)["status"] == "completed"

    wait_for(is_completed)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("cut", {}),
        ("malformed_json", {}),
        ("status", {"status": 500}),
        ("status", {"status": 503}),
    ],
)
def test_an_unknown_outcome_leads_to_one_call(
    trigger: Trigger,
    connection: psycopg.Connection,
    campaign_id: str,
    phone: str,
    kind: str,
    more: dict[str, Any],
) -> None:
    trigger.fault(kind, **more)

    assert dial(trigger, campaign_id)["unresolved"] == 1
    (attempt,) = attempts_of(connection, campaign_id)
    assert attempt["error"] or attempt["retell_call_id"]  # or its webhooks arrived meanwhile
    assert dial(trigger, campaign_id)["claimed"] == 0
    check_until_completed(trigger, connection, campaign_id)

    (made,) = trigger.calls_to(phone)
    (attempt,) = attempts_of(connection, campaign_id)
    assert attempt["retell_call_id"] == made["call_id"]


def test_webhooks_resolve_an_unknown_outcome(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.fault("hang_after")

    dial(trigger, campaign_id)

    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")
    assert len(trigger.calls_to(phone)) == 1


def test_beyond_the_hour_a_lost_call_is_found_in_the_providers_list(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.fault("hang_after")
    lose_webhooks(trigger)
    assert dial(trigger, campaign_id)["unresolved"] == 1
    put_dial_back(connection, phone)

    check_until_completed(trigger, connection, campaign_id)

    assert len(trigger.calls_to(phone)) == 1
    assert contacts_of(connection, campaign_id)[0]["outcome"] == "connected"


def test_a_call_that_was_not_made_is_made_once_that_is_certain(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.fault("status", status=500)
    assert dial(trigger, campaign_id)["unresolved"] == 1
    put_dial_back(connection, phone)
    make_due(connection)
    assert trigger("schedule_check").json()["resolved"] == 1
    first, *_ = attempts_of(connection, campaign_id)  # the next one may have begun already
    assert (first["status"], first["counted"]) == ("ended", False)

    check_until_completed(trigger, connection, campaign_id)

    assert len(trigger.calls_to(phone)) == 1


def test_429_slows_down_and_is_not_an_attempt(
    trigger: Trigger,
    connection: psycopg.Connection,
    organization: Organization,
    campaign_id: str,
    phone: str,
) -> None:
    trigger.fault("status", status=429, retry_after="7")

    assert dial(trigger, campaign_id)["released"] == 1

    (pace,) = rows(
        connection,
        "select current_limit, blocked_until > now() as is_blocked from public.dial_pace"
        " where organization_id = %s",
        (organization.id,),
    )
    assert pace == {"current_limit": 500, "is_blocked": True}
    (contact,) = contacts_of(connection, campaign_id)
    assert (contact["status"], contact["attempts"], contact["dials"]) == ("pending", 0, 0)
    check_until_completed(trigger, connection, campaign_id)
    assert len(trigger.calls_to(phone)) == 1


@pytest.mark.parametrize(
    ("status", "words"), [(402, "payment"), (401, "RETELL_API_KEY"), (400, "rejects the calls")]
)
def test_errors_that_need_a_person_pause_the_campaign(
    trigger: Trigger,
    connection: psycopg.Connection,
    organization: Organization,
    campaign_id: str,
    phone: str,
    status: int,
    words: str,
) -> None:
    trigger.fault("status", status=status)

    assert dial(trigger, campaign_id)["released"] == 1

    campaign = campaign_of(connection, campaign_id)
    assert campaign["status"] == "paused"
    assert words in campaign["status_reason"]
    assert contacts_of(connection, campaign_id)[0]["attempts"] == 0
    count = scalar(
        connection,
        "select count(*) from public.notifications where organization_id = %s"
        " and kind = 'campaign_paused'",
        (organization.id,),
    )
    assert count == 1
    assert trigger.calls_to(phone) == []


def test_an_invalid_number_fails_only_its_contact(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.fault("status", status=400, code=f"to_number is not a valid phone number: {phone}")

    dial(trigger, campaign_id)

    (contact,) = contacts_of(connection, campaign_id)
    assert (contact["status"], contact["outcome"]) == ("failed", "invalid_number")
    assert campaign_of(connection, campaign_id)["status"] == "completed"


def test_the_providers_do_not_call_entry_is_copied(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.fault("status", status=400, code=f"The contact {phone} is marked do_not_call.")

    dial(trigger, campaign_id)
    dial(trigger, campaign_id)

    (contact,) = contacts_of(connection, campaign_id)
    assert (contact["status"], contact["outcome"]) == ("cancelled", "do_not_call")
    listed = scalar(connection, "select reason from public.do_not_call where phone = %s", (phone,))
    assert listed == "listed_by_provider"


def test_a_call_without_end_webhooks_is_fetched(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    lose_webhooks(trigger)
    assert dial(trigger, campaign_id)["placed"] == 1

    check_until_completed(trigger, connection, campaign_id)

    def is_analyzed() -> bool:  # it may come after the end of the call was fetched
        connection.execute(
            "update public.calls set analysis_due_at = now() - interval '1 s'"
            " where to_number = %s and analysis_due_at is not null",
            (phone,),
        )
        trigger("schedule_check")
        (contact,) = contacts_of(connection, campaign_id)
        return (contact["status"], contact["successful"]) == ("completed", True)

    wait_for(is_analyzed)
    assert len(trigger.calls_to(phone)) == 1


def test_a_missing_analysis_is_fetched(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.control(webhook_events=["call_started", "call_ended"])
    assert dial(trigger, campaign_id)["placed"] == 1
    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")
    assert contacts_of(connection, campaign_id)[0]["successful"] is None

    def is_asked_for() -> bool:
        connection.execute(
            "update public.calls set analysis_due_at = now() - interval '1 s'"
            " where to_number = %s and analysis_due_at is not null",
            (phone,),
        )
        return trigger("schedule_check").json()["analyzed"] == 1

    wait_for(is_asked_for)
    assert contacts_of(connection, campaign_id)[0]["successful"] is True
    due = scalar(
        connection, "select analysis_due_at from public.calls where to_number = %s", (phone,)
    )
    assert due is None


def forget_call(connection: psycopg.Connection, phone: str) -> None:
    """Replace the stored call id by one that the provider does not know."""
    for table, column in (("calls", "to_number"), ("call_attempts", "phone")):
        connection.execute(
            f"update public.{table} set retell_call_id = 'gone' || retell_call_id"
            f" where {column} = %s".encode(),
            (phone,),
        )
    make_due(connection)


def test_schedule_check_applies_stored_events(
    trigger: Trigger, connection: psycopg.Connection
) -> None:
    call = {"call_id": "kept", "call_status": "ended", "duration_ms": 5000}
    event = {"event": "call_ended", "call_id": "kept", "payload": call}
    connection.execute("select public.store_call_event_v1(%s::jsonb)", (json.dumps(event),))

    wait_for(lambda: trigger("schedule_check").json()["applied"] == 1)

    found = "select status from public.calls where retell_call_id = 'kept'"
    assert scalar(connection, found) == "completed"


def test_a_call_unknown_to_the_provider_is_made_again(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.control(speed=1)
    assert dial(trigger, campaign_id)["placed"] == 1
    forget_call(connection, phone)

    assert trigger("schedule_check").json()["ended"] == 1

    (contact,) = contacts_of(connection, campaign_id)
    assert (contact["status"], contact["attempts"]) == ("pending", 0)


def test_a_started_call_counts_even_if_the_provider_lost_it(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.control(speed=1)
    assert dial(trigger, campaign_id)["placed"] == 1
    connection.execute("update public.calls set started_at = now() where to_number = %s", (phone,))
    forget_call(connection, phone)

    assert trigger("schedule_check").json()["ended"] == 1

    (contact,) = contacts_of(connection, campaign_id)
    assert (contact["status"], contact["attempts"]) == ("pending", 1)
    (attempt,) = attempts_of(connection, campaign_id)
    assert attempt["disconnection_reason"] == "unknown"


def check_once(trigger: Trigger, connection: psycopg.Connection, campaign_id: str) -> None:
    """Wait until the attempt is resolved; a scheduled check may do it as well."""
    make_due(connection)
    trigger("schedule_check")
    wait_for(lambda: attempts_of(connection, campaign_id)[0]["status"] != "unresolved")


def test_a_call_of_the_resent_request_has_its_time(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    trigger.fault("status", status=500)
    assert dial(trigger, campaign_id)["unresolved"] == 1

    check_once(trigger, connection, campaign_id)

    attempt, *_ = attempts_of(connection, campaign_id)
    assert attempt["dialed_at"] > attempt["first_dialed_at"]
    assert len(trigger.calls_to(phone)) == 1


def test_a_call_of_the_first_request_has_its_time(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    lose_webhooks(trigger)
    trigger.fault("cut")
    assert dial(trigger, campaign_id)["unresolved"] == 1
    wait_for(lambda: trigger.calls_to(phone)[0]["ended_ms"])

    check_once(trigger, connection, campaign_id)

    attempt, *_ = attempts_of(connection, campaign_id)
    assert attempt["dialed_at"] == attempt["first_dialed_at"]
    assert len(trigger.calls_to(phone)) == 1


def test_a_contact_cancelled_or_forbidden_meanwhile_is_not_resent(
    trigger: Trigger,
    connection: psycopg.Connection,
    organization: Organization,
    campaign_id: str,
    phone: str,
) -> None:
    trigger.fault("status", status=500)
    assert dial(trigger, campaign_id)["unresolved"] == 1
    connection.execute(
        "insert into public.do_not_call (organization_id, phone) values (%s, %s)",
        (organization.id, phone),
    )
    make_due(connection)

    assert trigger("schedule_check").json()["resolved"] == 0

    assert trigger.calls_to(phone) == []


def call_row(connection: psycopg.Connection, call_id: str) -> dict[str, Any]:
    (found,) = rows(connection, "select * from public.calls where retell_call_id = %s", (call_id,))
    return found


def test_an_open_call_without_attempt_is_fetched(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    lose_webhooks(trigger)
    assert dial(trigger, campaign_id)["placed"] == 1
    wait_for(lambda: trigger.calls_to(phone)[0]["ended_ms"])
    (made,) = trigger.calls_to(phone)
    connection.execute(
        "update public.call_attempts set status = 'ended', ended_at = now() where phone = %s",
        (phone,),
    )
    connection.execute(
        "update public.calls set attempt_id = null, contact_id = null, campaign_id = null,"
        " created_at = now() - interval '11 minutes' where retell_call_id = %s",
        (made["call_id"],),
    )

    trigger("schedule_check")

    wait_for(lambda: call_row(connection, made["call_id"])["status"] == "completed")
    assert call_row(connection, made["call_id"])["disconnection_reason"] == "agent_hangup"


def test_an_open_call_unknown_to_the_provider_fails(
    trigger: Trigger, connection: psycopg.Connection, phone: str
) -> None:
    call_id = f"gone_{phone}"
    connection.execute(
        "insert into public.calls (retell_call_id, direction, status, created_at)"
        " values (%s, 'inbound', 'in_progress', now() - interval '11 minutes')",
        (call_id,),
    )

    trigger("schedule_check")

    wait_for(lambda: call_row(connection, call_id)["status"] == "failed")
    assert call_row(connection, call_id)["disconnection_reason"] == "unknown"


def test_the_start_respects_the_providers_concurrency(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    trigger.control(concurrency_limit=2, speed=100)
    campaign_id = organization.add_campaign(status="draft")
    organization.add_contacts(campaign_id, numbers(AGREES, 8))

    assert trigger("start_campaign", campaign_id).status_code == 200

    wait_for(lambda: len(attempts_of(connection, campaign_id)) >= 4)
    trigger.control(speed=1000)
    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")
    assert {attempt["error"] for attempt in attempts_of(connection, campaign_id)} == {None}


def test_a_campaign_starts_while_the_concurrency_is_unavailable(
    trigger: Trigger,
    connection: psycopg.Connection,
    organization: Organization,
    campaign_id: str,
    phone: str,
) -> None:
    connection.execute(
        "update public.call_campaigns set status = 'paused' where id = %s", (campaign_id,)
    )
    organization.set_pace(current_limit=3)
    trigger.stack.fault(provider="retell", kind="status", status=500, endpoint="concurrency")

    trigger("resume_campaign", campaign_id)

    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")
    assert len(trigger.calls_to(phone)) == 1
    limit = scalar(
        connection,
        "select current_limit from public.dial_pace where organization_id = %s",
        (organization.id,),
    )
    assert limit == 3


def test_schedule_check_updates_the_concurrency_limit(
    trigger: Trigger,
    connection: psycopg.Connection,
    organization: Organization,
    campaign_id: str,
) -> None:
    organization.add_contacts(campaign_id, numbers(AGREES), next_attempt_at="2099-01-01Z")
    trigger.control(concurrency_limit=30, reserved_inbound_concurrency=5)

    trigger("schedule_check")

    (pace,) = rows(
        connection,
        "select concurrency_limit, reserved_concurrency from public.dial_pace"
        " where organization_id = %s",
        (organization.id,),
    )
    assert pace == {"concurrency_limit": 30, "reserved_concurrency": 5}


def test_schedule_check_does_the_rest_without_the_provider(
    trigger: Trigger, connection: psycopg.Connection, campaign_id: str, phone: str
) -> None:
    for _ in range(3):
        trigger.stack.fault(provider="retell", kind="status", status=500, endpoint="concurrency")

    reply = trigger("schedule_check")

    assert reply.status_code == 200
    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")
    assert len(trigger.calls_to(phone)) == 1
