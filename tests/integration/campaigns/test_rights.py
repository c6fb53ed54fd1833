"""Who may run the functions of dialling: the service role, and nobody who signs in."""

import psycopg
import pytest

from tests.integration.campaigns.organization import rows

DIALLING = (
    "allowed_dials",
    "begin_dial",
    "calling_agent",
    "calling_number",
    "campaign_for",
    "campaign_now",
    "campaign_progress",
    "cancel_contacts",
    "change_campaign",
    "check_ready",
    "claim_contacts",
    "day_opening",
    "dial_obstacle",
    "end_undialled",
    "forbid_number",
    "free_slots",
    "has_failed_contacts",
    "is_open_at",
    "judge_dial",
    "list_campaign_work",
    "mark_unresolved",
    "next_dial_in",
    "next_open_in_zone",
    "next_open_time",
    "order_of",
    "pick_due_contacts",
    "place_call",
    "put_back",
    "queue_failed_contacts",
    "ready_tokens",
    "reap_leases",
    "refresh_pace",
    "refuse_late_contacts",
    "release_attempt",
    "requeue_failed",
    "require_importable_campaign",
    "require_own_campaign",
    "rested_at",
    "set_campaign_clock",
    "start_due_campaigns",
    "take_pace",
    "take_silent_calls",
    "take_unresolved",
)


@pytest.mark.parametrize(
    ("role", "may"), [("anon", False), ("authenticated", False), ("service_role", True)]
)
def test_dialling_is_the_services_alone(
    connection: psycopg.Connection, role: str, may: bool
) -> None:
    found = rows(
        connection,
        "select proname, has_function_privilege(%s, p.oid, 'execute') as may from pg_proc p"
        " where pronamespace = 'public'::regnamespace and proname = any (%s)",
        (role, list(DIALLING)),
    )

    assert {row["proname"]: row["may"] for row in found} == dict.fromkeys(DIALLING, may)
