"""What the provider reports of a call: kept as it came, linked, applied once."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.telephony.retell import parse_event
from shared.telephony.store import render_event
from tests.support.call_factory import (
    STARTED_MS,
    Dialled,
    apply,
    apply_all,
    dial,
    one,
    redial,
    statistics,
)
from tests.support.organization import Organization, rows, scalar
from tests.support.telephony_clock import set_clock
from tests.support.waiting import PATIENCE

ENDED = {
    "call_status": "ended",
    "start_timestamp": STARTED_MS,
    "end_timestamp": STARTED_MS + 42_000,
    "duration_ms": 42_000,
    "disconnection_reason": "user_hangup",
    "transcript": "Agent: Hello.\nUser: Hello.",
    "recording_url": "https://example.com/r.wav",
    "call_cost": {"combined_cost": 7.5},
}
OPTED_OUT = {"call_status": "ended", "disconnection_reason": "user_requested_dnc"}
ANALYSIS = {"call_summary": "Fine.", "call_successful": True, "in_voicemail": False}


@pytest.fixture
def dialled(organization: Organization) -> Dialled:
    return dial(organization, organization.add_campaign())


def test_a_call_that_starts_is_in_progress(dialled: Dialled) -> None:
    answer = dialled.apply("call_started", start_timestamp=STARTED_MS, call_status="ongoing")

    assert answer["applied"] is True
    assert answer["freed_slot"] is False
    assert dialled.call["status"] == "in_progress"
    assert dialled.call["started_at"] == datetime.fromtimestamp(STARTED_MS / 1000, UTC)
    assert str(dialled.call["attempt_id"]) == dialled.attempt_id
    assert dialled.contact["status"] == "calling"


def test_a_call_that_ends_settles_its_attempt(dialled: Dialled) -> None:
    answer = dialled.apply("call_ended", **ENDED)

    call, contact = dialled.call, dialled.contact
    assert answer["freed_slot"] is True
    assert (call["status"], call["duration_ms"], call["cost_cents"]) == ("completed", 42_000, 7.5)
    assert call["transcript"] == ENDED["transcript"]
    assert (contact["status"], contact["outcome"]) == ("completed", "connected")
    assert (contact["duration_ms"], contact["cost_cents"]) == (42_000, 7.5)
    assert dialled.attempt["status"] == "ended"


def test_an_analysis_tells_of_success_and_changes_no_status(dialled: Dialled) -> None:
    dialled.apply("call_ended", **{**ENDED, "disconnection_reason": "voicemail_reached"})
    dialled.apply(
        "call_analyzed",
        **{**ENDED, "disconnection_reason": "voicemail_reached"},
        call_analysis={**ANALYSIS, "call_successful": False, "in_voicemail": True},
    )

    contact = dialled.contact
    assert (contact["status"], contact["successful"]) == ("pending", False)
    assert contact["voicemail"] is True
    assert dialled.call["analysis"]["call_summary"] == "Fine."
    assert dialled.call["analyzed_at"]


@pytest.mark.parametrize("reason", ["dial_no_answer", "dial_busy", "dial_failed"])
def test_a_call_that_never_connects_ends_without_having_started(
    dialled: Dialled, reason: str
) -> None:
    answer = dialled.apply("call_ended", call_status="not_connected", disconnection_reason=reason)

    assert answer["freed_slot"] is True
    assert dialled.call["status"] == "failed"
    assert (dialled.contact["status"], dialled.contact["attempts"]) == ("pending", 1)


def test_a_second_delivery_is_counted_and_changes_nothing(dialled: Dialled) -> None:
    dialled.apply("call_ended", **ENDED)
    before = (dialled.call, dialled.contact, dialled.attempt)

    answer = dialled.apply("call_ended", **{**ENDED, "duration_ms": 99_000})

    assert (answer["applied"], answer["duplicate"]) == (False, True)
    assert (dialled.call, dialled.contact, dialled.attempt) == before
    assert events(dialled.connection, dialled.call_id) == [("call_ended", 0, 2)]


@pytest.mark.usefixtures("database")
def test_deliveries_at_the_same_moment_are_applied_once(dialled: Dialled) -> None:
    answers: list[dict[str, Any]] = []

    def deliver() -> None:
        with psycopg.connect(dialled.connection.info.dsn) as connection:
            answers.append(apply(connection, "call_ended", dialled.document(**ENDED)))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(answer["applied"] for answer in answers) == [False] * 5 + [True]
    assert dialled.contact["duration_ms"] == 42_000
    assert events(dialled.connection, dialled.call_id) == [("call_ended", 0, 6)]


def test_what_comes_late_adds_only_what_was_missing(dialled: Dialled) -> None:
    dialled.apply("call_analyzed", **ENDED, call_analysis=ANALYSIS)
    dialled.apply("call_ended", **{**ENDED, "transcript": "Agent: Hel"}, agent_name="Ada")
    dialled.apply("call_started", call_status="ongoing")

    call = dialled.call
    assert (call["status"], call["transcript"]) == ("completed", ENDED["transcript"])
    assert dialled.contact["duration_ms"] == 42_000
    assert dialled.contact["attempts"] == 1


def test_an_analysis_that_knows_no_end_ends_nothing(dialled: Dialled) -> None:
    dialled.apply("call_analyzed", call_analysis=ANALYSIS)

    assert dialled.attempt["status"] == "placed"
    assert dialled.contact["successful"] is True


def test_figures_that_come_after_the_end_are_added(dialled: Dialled) -> None:
    dialled.settle("user_hangup", 40_000)
    dialled.apply("call_ended", **ENDED)
    dialled.apply("call_analyzed", **{**ENDED, "call_cost": {"combined_cost": 9}})

    contact = dialled.contact
    assert (contact["duration_ms"], contact["cost_cents"]) == (42_000, 9)
    assert statistics(dialled.connection, dialled.campaign_id)["duration_ms"] == 42_000


def test_each_turn_of_a_transcript_is_kept(dialled: Dialled) -> None:
    for turn in (1, 2, 2, 3):
        call = dialled.document(transcript="Agent: Hello.")
        apply(dialled.connection, "transcript_updated", call, turn=turn)

    assert events(dialled.connection, dialled.call_id) == [
        ("transcript_updated", 1, 1),
        ("transcript_updated", 2, 2),
        ("transcript_updated", 3, 1),
    ]


def test_an_unknown_event_is_kept_for_who_will_know_it(dialled: Dialled) -> None:
    dialled.apply("call_started")
    answer = dialled.apply("call_teleported", destination="Mars")

    stored = rows(
        dialled.connection,
        "select applied_at, organization_id, payload ->> 'destination' as destination"
        " from public.call_events where event = 'call_teleported'",
    )
    assert answer["applied"] is False
    assert [(row["applied_at"], row["destination"]) for row in stored] == [(None, "Mars")]
    assert str(stored[0]["organization_id"]) == answer["organization_id"]


@pytest.mark.parametrize("status", ["dialing", "unresolved"])
def test_a_call_is_linked_by_its_metadata(organization: Organization, status: str) -> None:
    dialled = dial(organization, organization.add_campaign(), status=status)

    dialled.apply("call_started", start_timestamp=STARTED_MS)

    attempt = dialled.attempt
    assert (attempt["status"], attempt["retell_call_id"]) == ("placed", dialled.call_id)
    assert str(dialled.call["attempt_id"]) == dialled.attempt_id


@pytest.mark.parametrize(
    "metadata", [None, {}, {"attempt_id": "x"}, {"attempt_id": str(uuid4())}, {"contact_id": "-1"}]
)
def test_a_call_without_metadata_is_linked_by_its_number(
    organization: Organization, metadata: Any
) -> None:
    dialled = dial(organization, organization.add_campaign(), status="unresolved")

    dialled.apply("call_ended", **ENDED, metadata=metadata)

    assert dialled.attempt["status"] == "ended"
    assert dialled.contact["status"] == "completed"


def test_a_number_that_two_organizations_dial_is_told_apart_by_ours(
    organization: Organization, other_organization: Organization
) -> None:
    ours = dial(organization, organization.add_campaign(), status="unresolved")
    theirs = dial(other_organization, other_organization.add_campaign(), status="unresolved")

    theirs.apply("call_ended", **ENDED, metadata=None)

    assert [ours.attempt["status"], theirs.attempt["status"]] == ["unresolved", "ended"]


def test_a_call_that_may_be_anybodys_is_kept_unlinked(
    organization: Organization, other_organization: Organization
) -> None:
    ours = dial(organization, organization.add_campaign(), status="unresolved")
    dial(other_organization, other_organization.add_campaign(), status="unresolved")

    ours.apply("call_ended", **ENDED, metadata=None, from_number=None, agent_id="agent_x")

    assert ours.attempt["status"] == "unresolved"
    assert ours.call["organization_id"] is None
    assert ours.call["status"] == "completed"


def test_a_kept_call_is_linked_when_an_event_tells_whose_it_is(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign(), status="unresolved")
    nobody = {"metadata": None, "from_number": None, "to_number": None, "agent_id": None}
    dialled.apply("call_ended", **ENDED, **nobody)
    assert dialled.call["contact_id"] is None

    dialled.apply("call_analyzed", **ENDED, call_analysis=ANALYSIS)

    assert dialled.attempt["status"] == "ended"
    contact = dialled.contact
    assert (contact["status"], contact["successful"]) == ("completed", True)
    assert (contact["duration_ms"], contact["cost_cents"]) == (42_000, 7.5)


def test_a_second_call_for_an_attempt_counts_for_the_contact_alone(dialled: Dialled) -> None:
    dialled.apply("call_ended", **ENDED)
    second = dialled.document(**ENDED, **{"call_id": "call_second"})

    answer = apply(dialled.connection, "call_ended", second)

    assert answer["freed_slot"] is False
    assert one(dialled.connection, "calls", "retell_call_id", "call_second")["attempt_id"] is None
    assert dialled.attempt["retell_call_id"] == dialled.call_id
    assert (dialled.contact["attempts"], dialled.contact["duration_ms"]) == (1, 84_000)


@pytest.mark.parametrize("event", ["call_started", "call_inbound"])
def test_an_inbound_call_gets_its_record_and_is_announced_once(
    organization: Organization, event: str
) -> None:
    call = {"call_id": "call_in", "from_number": "+4915112345678", "to_number": "+14155550100"}
    direction = {} if event == "call_inbound" else {"direction": "inbound"}
    connection = organization.connection

    apply(connection, event, {**call, **direction})
    apply(connection, "call_ended", {**call, **ENDED, "direction": "inbound"})

    stored = one(connection, "calls", "retell_call_id", "call_in")
    assert (stored["direction"], stored["status"]) == ("inbound", "completed")
    assert str(stored["organization_id"]) == organization.id
    [notification] = rows(connection, "select * from public.notifications")
    [activity] = rows(connection, "select * from public.activity_logs")
    assert "+4915112345678" in notification["title"]
    assert (activity["action"], activity["subject"]) == ("call_inbound", str(stored["id"]))


@pytest.mark.parametrize(
    ("fields", "duration_ms"),
    [
        ({"duration_ms": "42000"}, 42_000),
        ({"duration_seconds": 42}, 42_000),
        ({"duration": "42.5"}, 42_500),
        ({"start_timestamp": STARTED_MS, "end_timestamp": STARTED_MS + 1500}, 1500),
        ({"start_timestamp": STARTED_MS // 1000, "end_timestamp": STARTED_MS // 1000 + 9}, 9000),
        ({"start_timestamp": str(STARTED_MS), "end_timestamp": str(STARTED_MS + 1500)}, 1500),
        ({"start_timestamp": STARTED_MS, "end_timestamp": STARTED_MS - 1500}, 0),
        ({"duration_ms": -5}, None),
        ({"duration_ms": "long"}, None),
        ({"duration_ms": {"ms": 5}}, None),
        ({"duration_ms": 1e300}, None),
    ],
)
def test_durations_are_read_as_they_are_written(
    dialled: Dialled, fields: dict[str, Any], duration_ms: int | None
) -> None:
    dialled.apply("call_ended", disconnection_reason="user_hangup", **fields)

    assert dialled.call["duration_ms"] == duration_ms


@pytest.mark.parametrize("moment", [STARTED_MS, STARTED_MS // 1000, str(STARTED_MS)])
def test_moments_are_read_in_seconds_and_milliseconds(dialled: Dialled, moment: Any) -> None:
    dialled.apply("call_started", start_timestamp=moment)

    started = dialled.call["started_at"]
    assert abs(started - datetime.fromtimestamp(STARTED_MS / 1000, UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("moment", [0, -1, 10**14, 10**30, 5e10, "yesterday", None, [], True])
def test_what_is_no_moment_is_none(dialled: Dialled, moment: Any) -> None:
    dialled.apply("call_started", start_timestamp=moment)

    assert dialled.call["started_at"] is None


def test_the_analysis_knows_the_latency_best(dialled: Dialled) -> None:
    dialled.apply("call_analyzed", **ENDED, latency={"llm": {"p50": 500}})
    dialled.apply("call_ended", **ENDED, latency={"llm": {"p50": 400}, "tts": {"p50": 200}})

    assert dialled.call["latency"] == {"llm": {"p50": 500}}


def test_the_latency_of_the_end_stays_when_the_analysis_names_none(dialled: Dialled) -> None:
    dialled.apply("call_ended", **ENDED, latency={"llm": {"p50": 400}})
    dialled.apply("call_analyzed", **ENDED)

    assert dialled.call["latency"] == {"llm": {"p50": 400}}


def test_older_names_of_fields_are_read(dialled: Dialled) -> None:
    dialled.apply("call_ended", disconnect_reason="dial_busy", cost="3.25")

    assert dialled.contact["outcome"] == "busy"
    assert dialled.call["cost_cents"] == 3.25


@pytest.mark.parametrize(
    "field", ["metadata", "call_analysis", "call_cost", "transcript", "latency"]
)
@pytest.mark.parametrize("value", [[], 5, True, "x", None, {"a": [1]}])
def test_a_field_of_another_kind_does_no_harm(dialled: Dialled, field: str, value: Any) -> None:
    answer = dialled.apply("call_analyzed", **{**ENDED, field: value})

    assert answer["applied"] is True


@pytest.mark.parametrize(
    ("event", "call", "detail"),
    [
        ("", {"call_id": "c"}, "EVENT_MISSING"),
        ("call_started", {}, "CALL_ID_MISSING"),
        ("call_started", {"call_id": ""}, "CALL_ID_MISSING"),
        ("call_started", {"call_id": 7}, "CALL_ID_MISSING"),
    ],
)
def test_an_event_without_a_name_or_a_call_is_refused(
    connection: psycopg.Connection, event: str, call: dict[str, Any], detail: str
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        apply(connection, event, call)

    assert (caught.value.sqlstate, caught.value.diag.message_detail) == ("PT400", detail)


def test_an_opt_out_that_was_said_is_on_the_list(dialled: Dialled) -> None:
    call = dialled.document(**ENDED, call_analysis=ANALYSIS)
    apply(dialled.connection, "call_analyzed", call, opt_out="stop calling me")

    [entry] = rows(dialled.connection, "select * from public.do_not_call")
    assert (entry["phone"], entry["reason"]) == (dialled.phone, "said_in_call")


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_who_ends_a_call_by_opting_out_is_on_the_list_without_an_attempt(
    organization: Organization, direction: str
) -> None:
    ours = scalar(organization.connection, "select phone_number from public.phone_numbers")
    person = "+4915112345678"
    lines = (person, ours) if direction == "inbound" else (ours, person)
    call = {"call_id": "c", "direction": direction, "from_number": lines[0], "to_number": lines[1]}

    apply(organization.connection, "call_ended", {**call, **OPTED_OUT})

    [entry] = rows(organization.connection, "select phone, reason from public.do_not_call")
    assert entry == {"phone": person, "reason": "user_requested_dnc"}


def test_an_opt_out_that_is_told_late_is_on_the_list(dialled: Dialled) -> None:
    dialled.apply("call_ended", call_status="ended", duration_ms=2_000)
    assert dialled.contact["status"] == "pending"

    dialled.apply("call_analyzed", **OPTED_OUT, to_number=None)

    [entry] = rows(dialled.connection, "select phone from public.do_not_call")
    assert entry == {"phone": dialled.phone}


def test_who_talked_is_not_called_again_for_want_of_a_reason(dialled: Dialled) -> None:
    dialled.apply("call_ended", call_status="ended", duration_ms=120_000)

    contact = dialled.contact
    assert (contact["status"], contact["outcome"]) == ("completed", "connected")


def test_an_event_that_was_kept_is_applied_when_it_comes_again(dialled: Dialled) -> None:
    connection, call = dialled.connection, dialled.document(**ENDED)
    event = render_event(parse_event("call_ended", call)).decode()
    scalar(connection, "select public.store_call_event_v1(%s::jsonb)", (event,))
    taken = "select event, turn from public.claim_unapplied_events_v1(10)"
    connection.execute("update public.call_events set received_at = now() - interval '5 minutes'")
    assert rows(connection, taken) == [{"event": "call_ended", "turn": 0}]
    assert rows(connection, taken) == []
    connection.execute("update public.call_events set tried_at = now() - interval '2 minutes'")
    assert rows(connection, taken) == [{"event": "call_ended", "turn": 0}]

    answers = [apply(connection, "call_ended", call) for _ in range(2)]

    assert [answer["applied"] for answer in answers] == [True, False]
    assert dialled.contact["status"] == "completed"
    connection.execute("update public.call_events set tried_at = now() - interval '1 hour'")
    assert rows(connection, taken) == []


def test_who_opts_out_of_an_inbound_call_is_the_caller(organization: Organization) -> None:
    call = {"call_id": "c", "from_number": "+4915112345678", "to_number": "+14155550100"}
    apply(
        organization.connection, "call_ended", {**call, "direction": "inbound"}, opt_out="no more"
    )

    [entry] = rows(organization.connection, "select phone from public.do_not_call")
    assert entry == {"phone": "+4915112345678"}


def test_an_opt_out_is_kept_until_it_is_known_whose_call_it_is(
    organization: Organization,
) -> None:
    dialled = dial(organization, organization.add_campaign(), status="unresolved")
    stranger = {"metadata": None, "from_number": None, "agent_id": None, "to_number": None}
    call = dialled.document(**ENDED, **stranger)
    apply(dialled.connection, "call_ended", call, opt_out="stop calling me")
    assert rows(dialled.connection, "select * from public.do_not_call") == []

    dialled.apply("call_analyzed", **ENDED)

    [entry] = rows(dialled.connection, "select phone from public.do_not_call")
    assert entry == {"phone": dialled.phone}


@pytest.mark.parametrize(
    ("wanted", "next_attempt_at"),
    [
        ("2026-06-05T15:00:00+00:00", datetime(2026, 6, 5, 15, tzinfo=UTC)),
        ("2026-06-05T15:00:00", datetime(2026, 6, 5, 13, tzinfo=UTC)),
        ("2020-01-01T00:00:00+00:00", datetime(2026, 6, 2, 15, tzinfo=UTC)),  # a day after the dial
        ("2099-01-01T00:00:00+00:00", datetime(2026, 6, 2, 15, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize(
    "events", [("call_ended", "call_analyzed"), ("call_analyzed", "call_ended")]
)
def test_a_callback_is_scheduled_for_the_time_asked_for(
    organization: Organization, events: tuple[str, str], wanted: str, next_attempt_at: datetime
) -> None:
    connection = organization.connection
    set_clock(connection, "2026-06-01T16:00:00Z")
    dialled = dial(organization, organization.add_campaign(), time_zones=["Europe/Berlin"])
    call = dialled.document(**{**ENDED, "disconnection_reason": "user_requested_callback"})

    for event in events:
        options = {"callback_at": wanted} if event == "call_analyzed" else {}
        apply(connection, event, call, **options)

    contact = dialled.contact
    assert (contact["status"], contact["outcome"], contact["attempts"]) == (
        "pending",
        "callback",
        0,
    )
    assert contact["next_attempt_at"] == next_attempt_at


def test_a_freed_slot_goes_to_the_campaign_if_somebody_is_due(organization: Organization) -> None:
    campaign = organization.add_campaign()
    dialled = dial(organization, campaign)
    organization.add_contacts(campaign, ["+14155550199"])

    assert dialled.apply("call_ended", **ENDED)["next_campaign_id"] == campaign


def test_a_freed_slot_goes_to_another_campaign_if_nobody_is_due(
    organization: Organization,
) -> None:
    paused, other = organization.add_campaign(status="paused"), organization.add_campaign()
    dialled = dial(organization, paused)
    organization.add_contacts(paused, ["+14155550199"])
    organization.add_contacts(other, ["+14155550198"])

    assert dialled.apply("call_ended", **ENDED)["next_campaign_id"] == other


def test_many_events_are_applied_together(organization: Organization) -> None:
    campaign, other = organization.add_campaign(), organization.add_campaign()
    phones = ("+14155550112", "+14155550113", "+14155550114")
    calls = [dial(organization, campaign, phone) for phone in phones]
    organization.add_contacts(other, ["+14155550199"])
    batch = [parse_event("call_ended", call.document(**ENDED)) for call in calls]

    answers = apply_all(organization.connection, [*batch, batch[0]])

    assert [answer["applied"] for answer in answers] == [True, True, True, False]
    assert [answer.get("next_campaign_id") for answer in answers] == [None, None, other, None]
    assert calls[0].campaign["status"] == "completed"


def test_events_of_which_one_cannot_be_applied_change_nothing(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign())
    batch = [parse_event("call_ended", call) for call in (dialled.document(**ENDED), {})]

    with pytest.raises(psycopg.Error):
        apply_all(organization.connection, batch)

    assert dialled.contact["status"] == "calling"


def test_a_second_try_at_the_contact_adds_to_its_figures(organization: Organization) -> None:
    campaign = organization.add_campaign()
    first = dial(organization, campaign)
    first.apply("call_ended", **{**ENDED, "disconnection_reason": "voicemail_reached"})
    organization.connection.execute("update public.campaign_contacts set status = 'calling'")
    second = redial(organization, campaign, first.contact_id, first.phone, number=2)

    second.apply("call_ended", **ENDED)

    kept = statistics(organization.connection, campaign)
    assert (kept["processed"], kept["connected"], kept["voicemail"]) == (1, 1, 1)
    assert (kept["duration_ms"], kept["cost_cents"]) == (84_000, 15)


def test_only_the_service_applies_events(organization: Organization) -> None:
    connection = organization.connection
    grants = rows(
        connection,
        "select r.rolname, p.proname from pg_proc p cross join pg_roles r"
        " where p.pronamespace = 'public'::regnamespace and r.rolname in ('anon', 'authenticated')"
        " and p.proname in ('apply_call_events_v1', 'store_call_event_v1', 'finish_attempt_v1',"
        " 'pause_campaign_v1', 'slow_down_v1')"
        " and has_function_privilege(r.oid, p.oid, 'execute')",
    )

    assert grants == []


def events(connection: psycopg.Connection, call_id: str) -> list[tuple[str, int, int]]:
    stored = rows(
        connection,
        "select event, turn, deliveries from public.call_events where retell_call_id = %s"
        " order by event, turn",
        (call_id,),
    )
    return [(row["event"], row["turn"], row["deliveries"]) for row in stored]
