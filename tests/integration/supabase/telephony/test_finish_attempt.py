"""The end of an attempt: what each reason does to contact, campaign, do-not-call list and pace."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import psycopg
import pytest
from retell.types.phone_call_response import PhoneCallResponse

from tests.support.call_factory import DIALED_AT, dial, recount, redial, statistics
from tests.support.organization import Organization, rows, scalar
from tests.support.telephony_clock import set_clock
from tests.support.waiting import PATIENCE

DIALED = datetime.fromisoformat(DIALED_AT)
NOW = DIALED + timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _clock(connection: psycopg.Connection) -> None:
    set_clock(connection, NOW.isoformat())


def reasons_of_the_api() -> list[str]:
    annotation = PhoneCallResponse.model_fields["disconnection_reason"].annotation
    return [reason for part in get_args(annotation) for reason in get_args(part)]


def test_every_reason_of_the_api_has_a_policy(connection: psycopg.Connection) -> None:
    known = {
        row["reason"]
        for row in rows(connection, "select reason from public.disconnection_policies")
    }

    assert len(reasons_of_the_api()) > 30
    assert set(reasons_of_the_api()) <= known
    assert {"unknown", "machine_detected", "error_inbound_webhook"} <= known


@pytest.mark.parametrize(
    ("reason", "status", "outcome", "attempts", "delay"),
    [
        ("user_hangup", "completed", "connected", 1, None),
        ("call_transfer", "completed", "transferred", 1, None),
        ("user_requested_dnc", "completed", "do_not_call", 1, None),
        ("invalid_destination", "failed", "invalid_number", 1, None),
        ("user_requested_callback", "pending", "callback", 0, timedelta(days=1)),
        ("voicemail_reached", "pending", "voicemail", 1, timedelta(hours=4)),
        ("dial_no_answer", "pending", "no_answer", 1, timedelta(hours=2)),
        ("dial_busy", "pending", "busy", 1, timedelta(minutes=20)),
        ("user_declined", "pending", "declined", 1, timedelta(days=1)),
        ("telephony_provider_unavailable", "pending", "failed", 0, timedelta(minutes=15)),
        ("concurrency_limit_reached", "pending", "failed", 0, timedelta(minutes=2)),
        ("error_retell", "pending", "failed", 1, timedelta(minutes=30)),
        ("invented_yesterday", "pending", "failed", 1, timedelta(minutes=30)),
        (None, "pending", "failed", 1, timedelta(minutes=30)),
    ],
)
def test_a_contact_follows_the_policy(
    organization: Organization,
    reason: str | None,
    status: str,
    outcome: str,
    attempts: int,
    delay: timedelta | None,
) -> None:
    dialled = dial(organization, organization.add_campaign())

    assert dialled.settle(reason) is True

    contact = dialled.contact
    assert (contact["status"], contact["outcome"]) == (status, outcome)
    assert (contact["attempts"], contact["dials"]) == (attempts, 1)
    assert (contact["completed_at"] is None) == (status == "pending")
    if delay:  # from the dial, but never before now
        assert contact["next_attempt_at"] == max(DIALED + delay, NOW)
    assert dialled.attempt["status"] == "ended"
    assert dialled.attempt["counted"] == bool(attempts)


def test_an_attempt_ends_once(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign())

    assert [dialled.settle("user_hangup", 5000), dialled.settle("dial_busy", 9000)] == [True, False]
    assert dialled.contact["outcome"] == "connected"
    assert (dialled.contact["attempts"], dialled.contact["duration_ms"]) == (1, 5000)


@pytest.mark.usefixtures("database")
def test_many_who_end_an_attempt_at_once_end_it_once(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign())
    answers: list[bool] = []

    def settle() -> None:
        with psycopg.connect(organization.connection.info.dsn) as connection:
            statement = "select public.finish_attempt_v1(%s, 'dial_busy', null, 1000)"
            answers.append(scalar(connection, statement, (dialled.attempt_id,)))

    run_together([settle] * 6)

    assert sorted(answers) == [False] * 5 + [True]
    assert dialled.contact["attempts"] == 1


def test_the_cap_is_one_for_all_reasons(organization: Organization) -> None:
    campaign = organization.add_campaign(max_attempts=3)
    dialled = dial(organization, campaign)
    reasons = ["dial_busy", "dial_no_answer", "voicemail_reached"]
    for number, reason in enumerate(reasons, start=2):
        assert dialled.contact["status"] == "calling"
        dialled.settle(reason)
        if number <= len(reasons):
            organization.connection.execute(
                "update public.campaign_contacts set status = 'calling'"
            )
            dialled = redial(
                organization, campaign, dialled.contact_id, dialled.phone, number=number
            )

    contact = dialled.contact
    assert (contact["status"], contact["outcome"]) == ("failed", "voicemail")
    assert (contact["attempts"], contact["dials"]) == (3, 3)


def test_a_reason_may_end_it_before_the_cap(organization: Organization) -> None:
    campaign = organization.add_campaign(max_attempts=10)
    first = dial(organization, campaign)
    first.settle("user_declined")
    organization.connection.execute("update public.campaign_contacts set status = 'calling'")
    second = redial(organization, campaign, first.contact_id, first.phone, number=2)

    second.settle("user_declined")

    assert (second.contact["status"], second.contact["outcome"]) == ("failed", "declined")


def test_a_try_that_does_not_count_leaves_the_cap_alone(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign(max_attempts=1))

    dialled.settle("telephony_provider_unavailable")

    assert (dialled.contact["status"], dialled.contact["attempts"]) == ("pending", 0)


def test_tries_that_do_not_count_end_too(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign(), dials=20)

    dialled.settle("telephony_provider_unavailable")

    assert dialled.contact["status"] == "failed"


def test_the_next_try_moves_into_the_calling_hours(organization: Organization) -> None:
    campaign = organization.add_campaign(
        opens_at="09:00", closes_at="17:00", calling_days=[1, 2, 3, 4, 5]
    )
    dialled = dial(organization, campaign, time_zones=["Europe/Berlin"])

    dialled.settle("dial_no_answer")  # dialled on Monday at 17:00 there, so 19:00 is too late

    assert dialled.contact["next_attempt_at"] == datetime(2026, 6, 2, 7, tzinfo=UTC)


def test_a_contact_that_never_has_calling_hours_is_given_up(organization: Organization) -> None:
    campaign = organization.add_campaign(opens_at="08:00", closes_at="10:00")
    dialled = dial(organization, campaign, time_zones=["Europe/Berlin", "America/Los_Angeles"])

    dialled.settle("dial_busy")

    assert dialled.contact["status"] == "failed"


def test_who_was_cut_off_by_a_failure_is_not_called_the_same_day(
    organization: Organization,
) -> None:
    campaign = organization.add_campaign()
    short, long = dial(organization, campaign), dial(organization, campaign, "+14155550112")

    short.settle("error_llm_websocket_lost_connection", 2_000)
    long.settle("error_llm_websocket_lost_connection", 40_000)

    assert short.contact["next_attempt_at"] == DIALED + timedelta(minutes=30)
    assert long.contact["next_attempt_at"] == DIALED + timedelta(days=1)
    assert [short.contact["connected"], long.contact["connected"]] == [False, True]


def test_who_hung_up_at_once_is_called_again_the_next_day(organization: Organization) -> None:
    campaign = organization.add_campaign()
    brief, long = dial(organization, campaign), dial(organization, campaign, "+14155550112")

    brief.settle("user_hangup", 1_500)
    long.settle("user_hangup", 3_500)

    assert (brief.contact["status"], brief.contact["outcome"]) == ("pending", "hung_up")
    assert brief.contact["next_attempt_at"] == DIALED + timedelta(days=1)
    assert [brief.contact["connected"], long.contact["status"]] == [False, "completed"]


def test_a_number_that_is_marked_as_spam_is_not_used_any_more(organization: Organization) -> None:
    dial(organization, organization.add_campaign()).settle("marked_as_spam")

    [number] = rows(organization.connection, "select status from public.phone_numbers")
    assert number == {"status": "inactive"}


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        (["error_llm_websocket_open"] * 5, "paused"),
        (["error_llm_websocket_open", "error_llm_websocket_runtime"] * 2, "active"),
        (["dial_busy", *["error_llm_websocket_runtime"] * 4], "active"),
        (["error_asr"] * 6, "active"),
    ],
)
def test_a_campaign_stops_when_its_calls_fail_in_a_row(
    organization: Organization, reasons: list[str], status: str
) -> None:
    campaign = organization.add_campaign()
    calls = [dial(organization, campaign, f"+141555501{n:02}") for n in range(len(reasons))]

    for call, reason in zip(calls, reasons, strict=True):
        call.settle(reason)

    assert calls[0].campaign["status"] == status


def test_after_a_transfer_that_failed_a_person_is_asked_to_call(
    organization: Organization,
) -> None:
    dialled = dial(organization, organization.add_campaign())

    dialled.settle("transfer_cancelled", 60_000)

    [told] = rows(
        organization.connection,
        "select data from public.notifications where kind = 'follow_up'",
    )
    assert (told["data"]["contact_id"], told["data"]["phone"]) == (
        dialled.contact_id,
        dialled.phone,
    )


def test_an_opt_out_is_on_the_list_of_the_organization(organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign())

    dialled.settle("user_requested_dnc")

    [row] = rows(organization.connection, "select * from public.do_not_call")
    assert (str(row["organization_id"]), row["phone"]) == (organization.id, dialled.phone)
    assert (row["reason"], row["retell_call_id"]) == ("user_requested_dnc", dialled.call_id)


@pytest.mark.parametrize("reason", ["no_valid_payment", "sip_routing_error", "marked_as_spam"])
def test_a_campaign_pauses_with_a_reason_that_people_understand(
    organization: Organization, reason: str
) -> None:
    campaign = organization.add_campaign()
    first, second = dial(organization, campaign), dial(organization, campaign, "+14155550112")

    first.settle(reason)
    second.settle(reason)

    assert first.campaign["status"] == "paused"
    assert "resume" in first.campaign["status_reason"]
    assert (first.contact["status"], first.contact["attempts"]) == ("pending", 0)
    [notification] = notifications(organization)
    assert notification["kind"] == "campaign_paused"
    assert notification["body"] == first.campaign["status_reason"]


def test_a_paused_campaign_is_not_revived_by_the_end_of_its_calls(
    organization: Organization,
) -> None:
    dialled = dial(organization, organization.add_campaign(status="paused"))

    dialled.settle("user_hangup")

    assert dialled.contact["status"] == "completed"
    assert dialled.campaign["status"] == "paused"


def test_nobody_of_a_cancelled_campaign_is_dialled_again(organization: Organization) -> None:
    finished = {"status": "cancelled", "finished_at": NOW}
    campaign = organization.add_campaign(**finished)
    busy, reached = dial(organization, campaign), dial(organization, campaign, "+14155550112")

    busy.settle("dial_busy")
    reached.settle("user_hangup")

    assert [busy.contact["status"], reached.contact["status"]] == ["cancelled", "completed"]


def test_calls_refused_together_halve_the_pace_once(organization: Organization) -> None:
    organization.set_pace(current_limit=16)
    campaign = organization.add_campaign()
    for number in range(4):
        dial(organization, campaign, f"+1415555012{number}").settle("concurrency_limit_reached")

    [pace] = rows(organization.connection, "select * from public.dial_pace")
    assert pace["current_limit"] == 8
    assert pace["blocked_until"] > datetime.now(UTC)


def test_a_reason_without_policy_is_told_once_a_campaign(organization: Organization) -> None:
    campaign = organization.add_campaign()
    for number in range(3):
        dial(organization, campaign, f"+1415555012{number}").settle("eaten_by_a_dog")

    [notification] = notifications(organization)
    assert notification["kind"] == "unknown_disconnection_reason"
    assert "eaten_by_a_dog" in notification["title"]


def test_the_last_call_completes_the_campaign(organization: Organization) -> None:
    campaign = organization.add_campaign()
    first, second = dial(organization, campaign), dial(organization, campaign, "+14155550112")

    first.settle("user_hangup")
    assert first.campaign["status"] == "active"
    second.settle("invalid_destination")

    assert second.campaign["status"] == "completed"
    assert second.campaign["finished_at"] == NOW
    assert [row["kind"] for row in notifications(organization)] == ["campaign_completed"]


@pytest.mark.usefixtures("database")
def test_of_last_calls_that_end_together_one_completes_the_campaign(
    organization: Organization,
) -> None:
    campaign = organization.add_campaign()
    calls = [dial(organization, campaign, f"+1415555012{number}") for number in range(8)]

    def settle(attempt_id: str) -> None:
        with psycopg.connect(organization.connection.info.dsn) as connection:
            scalar(
                connection,
                "select public.finish_attempt_v1(%s, 'user_hangup', now())",
                (attempt_id,),
            )

    run_together([lambda call=call: settle(call.attempt_id) for call in calls])

    assert calls[0].campaign["status"] == "completed"
    kept = statistics(organization.connection, campaign)
    assert kept == recount(organization.connection, campaign)
    assert (kept["processed"], kept["connected"]) == (8, 8)


def run_together(tasks: list[Any]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


def notifications(organization: Organization) -> list[dict[str, Any]]:
    return rows(organization.connection, "select * from public.notifications order by created_at")
