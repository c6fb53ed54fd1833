"""Events in any order, any of them many times: the end is the same."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.call_factory import (
    DIALED_AT,
    STARTED_MS,
    Dialled,
    apply,
    dial,
    recount,
    statistics,
)
from tests.support.organization import Organization, rows
from tests.support.telephony_clock import set_clock

REASONS = (
    "user_hangup",
    "call_transfer",
    "user_requested_dnc",
    "user_requested_callback",
    "voicemail_reached",
    "inactivity",
    "error_asr",
    "error_llm_websocket_runtime",
    "no_valid_payment",
    "concurrency_limit_reached",
    "dial_no_answer",
    "dial_busy",
    "invalid_destination",
    "eaten_by_a_dog",
)
PHONES = ("+14155550111", "+14155550112")
UNSTABLE = {
    "campaign_contacts": {"id", "campaign_id", "organization_id", "created_at"},
    "calls": {"id", "contact_id", "campaign_id", "organization_id", "attempt_id", "created_at"},
    "call_attempts": {"id", "contact_id", "campaign_id", "organization_id", "claimed_at"},
}
VOLATILE = {"analyzed_at", "lease_expires_at", "lease_token", "idempotency_key", "metadata"}
Delivery = tuple[int, int]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Delivery]]:
    """Two calls, and the order in which their events are delivered."""
    calls = [draw(endings()) for _ in PHONES]
    sent = [(i, j) for i, call in enumerate(calls) for j in range(len(events_of(call)))]
    repeated = draw(st.lists(st.sampled_from(sent), max_size=6))
    return calls, draw(st.permutations(sent + repeated))


@st.composite
def endings(draw: st.DrawFn) -> dict[str, Any]:
    """How a call goes: its fields once all is known."""
    reason = draw(st.sampled_from(REASONS))
    connects = not reason.startswith(("dial_", "invalid_", "no_valid", "concurrency_"))
    duration = draw(st.integers(0, 90_000)) if connects else 0
    return {
        "status": draw(st.sampled_from(["placed", "dialing", "unresolved"])),
        "connects": connects,
        "turns": draw(st.integers(0, 2)) if connects else 0,
        "ended": {
            "call_status": "ended" if connects else "not_connected",
            "disconnection_reason": reason,
            **({"start_timestamp": STARTED_MS} if connects else {}),
            "end_timestamp": STARTED_MS + duration,
            "duration_ms": duration,
            "call_cost": {"combined_cost": draw(st.integers(0, 50))},
            "latency": draw(st.sampled_from([{}, {"llm": {"p50": 400}}])),
        },
        "analysis": {
            "call_successful": draw(st.sampled_from([True, False, None, "true"])),
            "in_voicemail": draw(st.booleans()),
        },
        "final_cost": draw(st.integers(50, 99)),
        "final_latency": draw(st.sampled_from([{}, {"llm": {"p50": 500}}])),
        "opt_out": draw(st.sampled_from([None, "stop calling me"])),
        "callback_at": draw(st.sampled_from([None, "2026-06-04T09:00:00"])),
    }


def events_of(call: dict[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The name, the fields and the options of each event, in the order of the call."""
    events: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    if call["connects"]:
        started = {"call_status": "ongoing", "start_timestamp": STARTED_MS}
        events.append(("call_started", started, {}))
    events += [("transcript_updated", {}, {"turn": turn + 1}) for turn in range(call["turns"])]
    events.append(("call_ended", call["ended"], {"opt_out": call["opt_out"]}))
    analyzed = {
        **call["ended"],
        "call_analysis": call["analysis"],
        "call_cost": {"combined_cost": call["final_cost"]},
        "latency": call["final_latency"],
        "transcript": "Agent: Hello.",
    }
    options = {"opt_out": call["opt_out"], "callback_at": call["callback_at"]}
    return [*events, ("call_analyzed", analyzed, options)]


def play(
    organization: Organization, calls: Sequence[dict[str, Any]], order: Sequence[Delivery]
) -> dict[str, Any]:
    """All that is in the database after these deliveries; nothing of it stays there."""
    connection = organization.connection
    with connection.transaction(force_rollback=True):
        set_clock(connection, DIALED_AT)
        campaign = organization.add_campaign(max_attempts=2)
        dialled = [
            dial(organization, campaign, phone, status=call["status"])
            for phone, call in zip(PHONES, calls, strict=True)
        ]
        for index, number in order:
            event, fields, options = events_of(calls[index])[number]
            given_options = {name: value for name, value in options.items() if value is not None}
            apply(connection, event, dialled[index].document(**fields), **given_options)
        assert statistics(connection, campaign) == recount(connection, campaign)
        return snapshot(organization, campaign, dialled)


def snapshot(
    organization: Organization, campaign: str, dialled: Sequence[Dialled]
) -> dict[str, Any]:
    connection = organization.connection
    names = {one.call_id: f"call {index}" for index, one in enumerate(dialled)}
    return {
        "statistics": statistics(connection, campaign),
        "campaign": dialled[0].campaign,
        "contacts": [stable("campaign_contacts", one.contact, names) for one in dialled],
        "calls": [stable("calls", one.call, names) for one in dialled],
        "attempts": [stable("call_attempts", one.attempt, names) for one in dialled],
        "do_not_call": rows(connection, "select phone from public.do_not_call order by 1"),
        "notifications": rows(
            connection, "select kind, title from public.notifications order by 2"
        ),
        "events": sorted(
            (names[row["retell_call_id"]], row["event"], row["turn"])
            for row in rows(connection, "select retell_call_id, event, turn from call_events")
        ),
        "limit": rows(connection, "select current_limit from public.dial_pace"),
    }


def stable(table: str, row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The row without what differs between two runs anyway."""
    kept = {k: v for k, v in row.items() if k not in UNSTABLE[table] | VOLATILE}
    return {name: names.get(str(value), value) for name, value in kept.items()}


@pytest.mark.usefixtures("database")  # each example is rolled back by itself
@given(story=stories())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_order_and_number_of_deliveries_makes_no_difference(
    organization: Organization, story: tuple[list[dict[str, Any]], list[Delivery]]
) -> None:
    calls, order = story
    in_order = sorted(set(order))

    assert play(organization, calls, order) == play(organization, calls, in_order)
