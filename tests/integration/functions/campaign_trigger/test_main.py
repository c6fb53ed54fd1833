"""The actions of campaign-trigger through HTTP, on the whole stack."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from edge.tokens import mint
from tests.conftest import RunningStack
from tests.support.campaign_trigger import (
    Trigger,
    attempts_of,
    campaign_of,
    contacts_of,
    numbers,
)
from tests.support.organization import Organization, create_organization, rows
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

AGREES = 90
ACTS = ("start_campaign", "pause_campaign", "resume_campaign", "cancel_campaign", "retry_failed")


def status_of(connection: psycopg.Connection, campaign_id: str) -> str:
    return campaign_of(connection, campaign_id)["status"]


def test_a_started_campaign_runs_to_its_end_by_itself(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    organization.set_pace(current_limit=4)
    campaign_id = organization.add_campaign(status="draft")
    phones = numbers(AGREES, 30)
    organization.add_contacts(campaign_id, phones, name="Ada")

    reply = trigger("start_campaign", campaign_id)

    assert reply.status_code == 200, reply.text
    assert reply.json() == {
        "success": True,
        "action": "start_campaign",
        "campaign_id": campaign_id,
        "status": "active",
    }
    wait_for(lambda: status_of(connection, campaign_id) == "completed")
    assert {contact["outcome"] for contact in contacts_of(connection, campaign_id)} == {"connected"}
    assert all(len(trigger.calls_to(phone)) == 1 for phone in phones)
    figures = trigger("get_status", campaign_id).json()["statistics"]
    assert (figures["total"], figures["processed"], figures["connected"]) == (30, 30, 30)


def test_a_batch_reports_its_outcomes(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign()
    (phone,) = numbers(AGREES)
    organization.add_contacts(campaign_id, [phone], name="Zoë", company="Acme")

    reply = trigger("process_batch", campaign_id, batch_size=1).json()

    assert reply == {
        "success": True,
        "action": "process_batch",
        "campaign_id": campaign_id,
        "status": "active",
        "claimed": 1,
        "placed": 1,
        "released": 0,
        "unreachable": 0,
        "unresolved": 0,
    }
    (attempt,) = attempts_of(connection, campaign_id)
    (made,) = trigger.calls_to(phone)
    assert attempt["retell_call_id"] == made["call_id"]


def test_a_paused_campaign_makes_no_calls_and_still_applies_webhooks(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    trigger.control(speed=10)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(AGREES, 2))
    organization.set_pace(current_limit=1)
    assert trigger("process_batch", campaign_id).json()["placed"] == 1

    assert trigger("pause_campaign", campaign_id).json()["status"] == "paused"

    trigger.control(speed=1000)
    wait_for(lambda: contacts_of(connection, campaign_id)[0]["status"] == "completed")
    assert trigger("process_batch", campaign_id).json()["claimed"] == 0
    assert contacts_of(connection, campaign_id)[1]["status"] == "pending"
    assert trigger("resume_campaign", campaign_id).json()["status"] == "active"
    wait_for(lambda: status_of(connection, campaign_id) == "completed")


def test_resuming_completes_a_campaign_whose_last_call_ended_during_the_pause(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    trigger.control(speed=10)
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(AGREES))
    assert trigger("process_batch", campaign_id).json()["placed"] == 1
    assert trigger("pause_campaign", campaign_id).json()["status"] == "paused"
    trigger.control(speed=1000)
    wait_for(lambda: contacts_of(connection, campaign_id)[0]["status"] == "completed")

    reply = trigger("resume_campaign", campaign_id)

    assert (reply.status_code, reply.json()["status"]) == (200, "completed")
    assert status_of(connection, campaign_id) == "completed"


def test_cancelling_a_campaign_cancels_waiting_contacts(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign(status="draft")
    organization.add_contacts(campaign_id, numbers(AGREES, 3))

    assert trigger("cancel_campaign", campaign_id).json()["status"] == "cancelled"

    wait_for(
        lambda: (
            {contact["status"] for contact in contacts_of(connection, campaign_id)} == {"cancelled"}
        )
    )


def test_a_retry_calls_failed_contacts_except_invalid_numbers(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign(status="completed", finished_at="now")
    failed = {"status": "failed", "completed_at": "2026-01-01Z", "attempts": 3, "dials": 3}
    organization.add_contacts(campaign_id, numbers(AGREES, 2), outcome="no_answer", **failed)
    organization.add_contacts(campaign_id, numbers(AGREES), outcome="invalid_number", **failed)

    assert trigger("retry_failed", campaign_id).json()["status"] == "active"

    wait_for(lambda: status_of(connection, campaign_id) == "completed")
    outcomes = [contact["outcome"] for contact in contacts_of(connection, campaign_id)]
    assert outcomes == ["connected", "connected", "invalid_number"]
    again = trigger("retry_failed", campaign_id)
    assert (again.status_code, again.json()["code"]) == (409, "NOTHING_TO_RETRY")


@pytest.mark.parametrize(
    ("status", "action", "message"),
    [
        ("active", "start_campaign", "is active: start_campaign takes one that is draft or failed"),
        ("draft", "pause_campaign", "is draft: pause_campaign takes one that is active to paused"),
        ("active", "resume_campaign", "is active: resume_campaign takes one that is paused to"),
        ("completed", "cancel_campaign", "is completed: cancel_campaign takes one that is active"),
        ("draft", "retry_failed", "is draft: retry_failed takes one that is active or completed"),
    ],
)
def test_an_invalid_transition_names_both_states(
    trigger: Trigger, organization: Organization, status: str, action: str, message: str
) -> None:
    finished = "now" if status == "completed" else None
    campaign_id = organization.add_campaign(status=status, finished_at=finished)
    if not finished:
        organization.add_contacts(campaign_id, numbers(AGREES), next_attempt_at="2099-01-01Z")

    reply = trigger(action, campaign_id)

    assert (reply.status_code, reply.json()["code"]) == (409, "WRONG_STATE")
    assert message in reply.json()["message"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("delete from public.campaign_contacts where organization_id = %s", "CAMPAIGN_EMPTY"),
        ("update public.agents set status = 'draft' where organization_id = %s", "NO_AGENT"),
        (
            "update public.agents set retell_agent_id = null where organization_id = %s",
            "NO_AGENT",
        ),
        (
            "update public.phone_numbers set status = 'inactive' where organization_id = %s",
            "NO_PHONE_NUMBER",
        ),
    ],
)
def test_an_incomplete_campaign_does_not_start(
    trigger: Trigger, organization: Organization, change: str, code: str
) -> None:
    campaign_id = organization.add_campaign(status="draft")
    organization.add_contacts(campaign_id, numbers(AGREES))
    organization.connection.execute(change.encode(), (organization.id,))

    reply = trigger("start_campaign", campaign_id)

    assert (reply.status_code, reply.json()["code"]) == (409, code)
    assert status_of(organization.connection, campaign_id) == "draft"


@pytest.mark.parametrize("action", [*ACTS, "process_batch", "get_status"])
def test_a_campaign_of_another_organization_is_not_found(
    trigger: Trigger,
    stack: RunningStack,
    organization: Organization,
    member: Callable[[str], str],
    action: str,
) -> None:
    other = create_organization(organization.connection, f"+1629{uuid4().int % 10**7:07}")
    theirs = other.add_campaign(status="draft")
    outsider = stack.create_user()[1]

    for key in (member("admin"), outsider):
        hidden, unknown = trigger(action, theirs, key), trigger(action, str(uuid4()), key)
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert hidden.json()["code"] == unknown.json()["code"] == "CAMPAIGN_NOT_FOUND"


@pytest.mark.parametrize("action", [*ACTS, "process_batch"])
def test_viewers_only_get_the_status(
    trigger: Trigger, organization: Organization, member: Callable[[str], str], action: str
) -> None:
    campaign_id = organization.add_campaign(status="draft")
    viewer = member("viewer")

    refused = trigger(action, campaign_id, viewer)

    assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_TOO_LOW")
    assert trigger("get_status", campaign_id, viewer).json()["status"] == "draft"


@pytest.mark.parametrize("role", ["admin", "manager"])
def test_actions_of_admins_and_managers_are_recorded(
    trigger: Trigger, organization: Organization, member: Callable[[str], str], role: str
) -> None:
    campaign_id = organization.add_campaign(status="draft")
    organization.add_contacts(campaign_id, numbers(AGREES), next_attempt_at="2099-01-01Z")

    assert trigger("start_campaign", campaign_id, member(role)).status_code == 200

    (logged,) = rows(
        organization.connection,
        "select action, actor_id is not null as is_signed from public.activity_logs"
        " where subject = %s",
        (campaign_id,),
    )
    assert logged == {"action": "start_campaign", "is_signed": True}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"action": "process_batch", "batch_size": 0}, "INVALID_BODY", "batch_size"),
        ({"action": "process_batch", "batch_size": -1}, "INVALID_BODY", "batch_size"),
        ({"action": "process_batch", "batch_size": 10**9}, "INVALID_BODY", "batch_size"),
        ({"action": "process_batch", "batch_size": "ten"}, "INVALID_BODY", "batch_size"),
        ({"action": "process_batch", "batch_size": 2.5}, "INVALID_BODY", "batch_size"),
        ({"action": "explode"}, "INVALID_BODY", "start_campaign, pause_campaign"),
        ({"action": ""}, "INVALID_BODY", "action"),
        ({}, "INVALID_BODY", "action"),
        ({"action": "start_campaign", "campaign_id": "one"}, "INVALID_BODY", "campaign_id"),
        ({"action": "start_campaign", "extra": 1}, "INVALID_BODY", "extra"),
        *(({"action": action}, "CAMPAIGN_ID_MISSING", action) for action in ACTS),
        ({"action": "get_status"}, "CAMPAIGN_ID_MISSING", "get_status"),
    ],
)
def test_an_invalid_request_has_a_code(
    stack: RunningStack, body: dict[str, Any], code: str, message: str
) -> None:
    reply = stack.call("campaign-trigger", body)

    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert message in reply.json()["message"]


def test_schedule_check_requires_the_secret_key(
    trigger: Trigger, member: Callable[[str], str], stack: RunningStack
) -> None:
    refused = trigger("schedule_check", key=member("admin"))

    assert (refused.status_code, refused.json()["code"]) == (403, "SECRET_KEY_NEEDED")
    assert trigger("schedule_check", key=stack.anon_key).status_code == 401
    assert trigger("schedule_check").status_code == 200


def test_a_preflight_is_answered_without_a_body(stack: RunningStack) -> None:
    with stack.client() as client:
        reply = client.options("/functions/v1/campaign-trigger")

    assert (reply.status_code, reply.content) == (204, b"")


def test_an_expired_token_is_rejected(trigger: Trigger, stack: RunningStack) -> None:
    claims = {"sub": str(uuid4()), "aud": "authenticated", "exp": 1}

    reply = trigger("get_status", str(uuid4()), mint(stack.jwt_secret, "authenticated", **claims))

    assert reply.status_code == 401


def test_due_drafts_start_or_fail_with_a_reason(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    now = datetime.now(UTC)
    due = organization.add_campaign(status="draft", scheduled_at=now - timedelta(minutes=1))
    early = organization.add_campaign(status="draft", scheduled_at=now + timedelta(hours=1))
    empty = organization.add_campaign(status="draft", scheduled_at=now - timedelta(minutes=1))
    for campaign_id in (due, early):
        organization.add_contacts(campaign_id, numbers(AGREES, 2))

    assert trigger("schedule_check").json()["started"] == [due]

    wait_for(lambda: status_of(connection, due) == "completed")
    assert status_of(connection, early) == "draft"
    failed = campaign_of(connection, empty)
    assert (failed["status"], failed["status_reason"]) == (
        "failed",
        "The campaign has no contact to call.",
    )


def test_schedule_check_continues_a_stalled_campaign(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(AGREES, 3))

    assert campaign_id in trigger("schedule_check").json()["continued"]

    wait_for(lambda: status_of(connection, campaign_id) == "completed")
