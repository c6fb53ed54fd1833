"""The laws notice what breaks them: evidence of one faultless call, spoilt in one way at a time."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.invariants import Evidence, check
from tests.chaos.scenario import CampaignPlan, ContactPlan, OrganizationPlan, Scenario

NOON = datetime(2026, 10, 30, 16, tzinfo=UTC)  # in New York
NOON_MS = int(NOON.timestamp() * 1000)
PHONE = "+12125550190"
CAMPAIGN, ORGANIZATION = UUID(int=1), UUID(int=2)
CALL: dict[str, Any] = {
    "call_id": "call_1",
    "to_number": PHONE,
    "created_ms": NOON_MS,
    "created_wall": 1000.0,
    "started_ms": NOON_MS + 5_000,
    "ended_ms": NOON_MS + 65_000,
    "is_successful": True,
    "in_voicemail": False,
    "metadata": {"campaign_id": str(CAMPAIGN), "contact_id": "7", "attempt_id": "attempt_1"},
}
ATTEMPT: dict[str, Any] = {
    "id": "attempt_1",
    "contact_id": 7,
    "campaign_id": str(CAMPAIGN),
    "phone": PHONE,
    "status": "ended",
    "counted": True,
    "dialed_at": NOON,
}
CONTACT: dict[str, Any] = {
    "id": 7,
    "campaign_id": str(CAMPAIGN),
    "phone": PHONE,
    "status": "completed",
    "attempts": 1,
    "duration_ms": 60_000,
    "cost_cents": Decimal("13"),
    "successful": True,
    "voicemail": False,
}
REQUEST: dict[str, Any] = {
    "at_ms": NOON_MS + 1_000,
    "metadata": CALL["metadata"],
    "status": 429,
    "fault": None,
}
CAMPAIGN_ROW: dict[str, Any] = {
    "organization_id": str(ORGANIZATION),
    "status": "completed",
    "max_attempts": 2,
    "retries": 0,
    "finished_at": NOON + timedelta(minutes=1),
}
STORED: dict[str, Any] = {"status": "completed", "transcript": "User: hello"}


@pytest.fixture
def evidence() -> Evidence:
    plan = CampaignPlan(
        CAMPAIGN,
        "one",
        (ContactPlan(PHONE, "Ada", ("America/New_York",)),),
        time(8),
        time(20),
        (1, 2, 3, 4, 5),
        max_attempts=2,
        starts_after_hours=None,
    )
    organization = OrganizationPlan(ORGANIZATION, "org", "+14155550100", (plan,), frozenset())
    scenario = Scenario(
        1, NOON, (organization,), (), (), concurrency_limit=3, reserved_concurrency=2
    )
    return deepcopy(
        Evidence(
            scenario=scenario,
            rate=60,
            calls=[CALL],
            deliveries=[delivery("call_ended", 200), delivery("call_analyzed", None)],
            creates=[REQUEST | {"status": 201, "at_ms": NOON_MS}],
            attempts={"attempt_1": ATTEMPT},
            contacts=[CONTACT],
            campaigns={str(CAMPAIGN): CAMPAIGN_ROW},
            events={("call_1", "call_ended"): {"applied_at": NOON}},
            do_not_call={},
            statistics=[],
            stored_calls={"call_1": STORED},
        )
    )


def delivery(event: str, status: int | None, fault: str | None = None) -> dict[str, Any]:
    return {"call_id": "call_1", "event": event, "status": status, "fault": fault}


def test_a_faultless_call_breaks_no_law(evidence: Evidence) -> None:
    assert list(check(evidence)) == []


def later(call: dict[str, Any], **shift: float) -> dict[str, Any]:
    """The same call at another time."""
    milliseconds = round(timedelta(**shift).total_seconds() * 1000)
    moved = {name: call[name] + milliseconds for name in ("created_ms", "started_ms", "ended_ms")}
    return {**call, "call_id": "call_2", **moved}


@pytest.mark.parametrize(
    ("law", "change"),
    [
        ("one_call_for_an_attempt", {"calls": [CALL, later(CALL, hours=1)]}),
        ("one_call_for_an_attempt", {"attempts": {}}),
        ("one_call_at_once_to_a_person", {"calls": [CALL, later(CALL, seconds=30)]}),
        (
            "one_call_at_once_to_a_person",
            {"calls": [CALL | {"ended_ms": None}, later(CALL, hours=1)]},
        ),
        ("none_outside_hours", {"calls": [later(CALL, hours=9)]}),
        ("none_outside_hours", {"calls": [later(CALL, days=1)]}),
        (
            "none_outside_hours",
            {"attempts": {"attempt_1": ATTEMPT | {"dialed_at": NOON - timedelta(hours=5)}}},
        ),
        (
            "who_opts_out_is_listed",
            {"stored_calls": {"call_1": STORED | {"transcript": "User: do not call me again"}}},
        ),
        ("none_beyond_the_cap", {"contacts": [CONTACT | {"attempts": 3}]}),
        ("none_beyond_the_cap", {"attempts": {"attempt_1": ATTEMPT | {"counted": False}}}),
        (
            "none_beyond_the_cap",
            {
                "attempts": {f"attempt_{n}": ATTEMPT for n in range(5)},
                "campaigns": {str(CAMPAIGN): CAMPAIGN_ROW | {"retries": 1}},
            },
        ),
        (
            "none_after_a_cancellation",
            {
                "campaigns": {
                    str(CAMPAIGN): CAMPAIGN_ROW
                    | {"status": "cancelled", "finished_at": NOON - timedelta(hours=1)}
                }
            },
        ),
        ("three_calls_a_day", {"calls": [later(CALL, hours=n) for n in range(4)]}),
        ("concurrency_is_kept", {"creates": [REQUEST]}),
        ("concurrency_is_kept", {"creates": [REQUEST | {"fault": "cut"}]}),
        ("statistics_equal_a_recount", {"statistics": [{"total": 2}]}),
        ("accepted_events_are_applied_once", {"events": {}}),
        (
            "accepted_events_are_applied_once",
            {"events": {("call_1", "call_ended"): {"applied_at": None}}},
        ),
        (
            "accepted_events_are_applied_once",
            {"deliveries": [delivery("call_ended", 200, "wrong_signature")]},
        ),
        ("every_call_is_known", {"stored_calls": {}}),
        ("every_call_is_known", {"stored_calls": {"call_1": {"status": "in_progress"}}}),
        ("every_call_is_known", {"stored_calls": {"call_9": {"status": "completed"}}}),
        ("every_call_is_known", {"attempts": {"attempt_1": ATTEMPT | {"status": "placed"}}}),
        ("figures_are_the_providers", {"contacts": [CONTACT | {"duration_ms": 1}]}),
        ("figures_are_the_providers", {"contacts": [CONTACT | {"cost_cents": Decimal(0)}]}),
        ("outcomes_are_the_providers", {"contacts": [CONTACT | {"successful": False}]}),
        ("outcomes_are_the_providers", {"contacts": [CONTACT | {"successful": None}]}),
        ("outcomes_are_the_providers", {"contacts": [CONTACT | {"voicemail": True}]}),
        ("outcomes_are_the_providers", {"calls": [CALL | {"in_voicemail": True}]}),
        ("everyone_is_done", {"contacts": [CONTACT | {"status": "pending"}]}),
        ("everyone_is_done", {"attempts": {"attempt_1": ATTEMPT | {"status": "unresolved"}}}),
        ("everyone_was_tried", {"calls": []}),
    ],
)
def test_what_breaks_a_law_is_noticed(evidence: Evidence, law: str, change: dict[str, Any]) -> None:
    broken = list(check(replace(evidence, **change)))

    assert law in {violation.partition(":")[0] for violation in broken}


@pytest.mark.parametrize(
    "change",
    [
        {"fault": "status"},  # on order
        {"at_ms": NOON_MS + 65_000},  # the call is over, and its slot perhaps leaks
        {"at_ms": NOON_MS - 1},  # the account's calls are another organization's
    ],
)
def test_a_refusal_that_others_explain_breaks_no_law(
    evidence: Evidence, change: dict[str, Any]
) -> None:
    assert list(check(replace(evidence, creates=[REQUEST | change]))) == []


def test_after_a_retry_all_attempts_are_allowed_again(evidence: Evidence) -> None:
    attempts = {f"attempt_{n}": ATTEMPT for n in range(1, 5)}
    campaigns = {str(CAMPAIGN): CAMPAIGN_ROW | {"retries": 1}}

    assert list(check(replace(evidence, attempts=attempts, campaigns=campaigns))) == []


@pytest.mark.parametrize(("seconds_after", "count"), [(-1, 0), (60, 1)])
def test_who_is_on_the_list_before_the_call_must_not_be_called(
    evidence: Evidence, seconds_after: float, count: int
) -> None:
    listed_at = datetime.fromtimestamp(1000.0 - seconds_after, UTC)
    entry = {"reason": "manual", "created_at": listed_at}

    broken = list(check(replace(evidence, do_not_call={(str(ORGANIZATION), PHONE): entry})))

    assert len([one for one in broken if one.startswith("none_on_the_list")]) == count
