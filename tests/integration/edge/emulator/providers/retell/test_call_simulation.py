"""Simulated calls, as Retell's SDK and webhooks show them."""

from typing import Any, cast

from retell import AsyncRetell, Retell
from retell.types import PhoneCallResponse

from tests.support.emulated_retell import (
    API_KEY,
    FROM,
    ControlClient,
    Receiver,
)
from tests.support.waiting import wait_for

AGREES = "+12125550190"
REFUSES = "+12125550191"
NO_ANSWER = "+12125550168"
VOICEMAIL = "+12125550156"
TRANSFERRED = "+12125550155"
TRANSFER_EVENTS = ["transfer_started", "transfer_bridged", "transfer_ended", "transfer_cancelled"]
EVENTS = ["call_started", "call_ended", "call_analyzed"]


def test_a_new_call_is_registered(retell: Retell, control: ControlClient) -> None:
    control.set(speed=1)

    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    assert call.call_status == "registered"
    assert (call.call_type, call.direction) == ("phone_call", "outbound")
    assert (call.from_number, call.to_number) == (FROM, AGREES)


def test_what_was_not_given_is_absent(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    for webhook in receiver.wait(call.call_id, 3):
        assert {"metadata", "retell_llm_dynamic_variables"}.isdisjoint(webhook.call)


def test_what_was_given_comes_back_each_time(retell: Retell, receiver: Receiver) -> None:
    given: dict[str, Any] = {"metadata": {"contact_id": "7"}}
    variables = {"name": "Zoë Müller"}

    call = retell.call.create_phone_call(
        from_number=FROM, to_number=AGREES, retell_llm_dynamic_variables=variables, **given
    )

    for webhook in receiver.wait(call.call_id, 3):
        assert webhook.call["metadata"] == {"contact_id": "7"}
        assert webhook.call["retell_llm_dynamic_variables"] == variables


def test_an_answered_call_starts_ends_and_is_analysed(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    started, ended, analyzed = receiver.wait(call.call_id, 3)

    assert [one.event for one in (started, ended, analyzed)] == EVENTS
    assert started.call["call_status"] == "ongoing"
    assert "end_timestamp" not in started.call
    assert ended.call["call_status"] == "ended"
    assert ended.call["disconnection_reason"] == "agent_hangup"
    assert ended.call["end_timestamp"] - ended.call["start_timestamp"] == ended.call["duration_ms"]
    assert ended.call["call_cost"]["combined_cost"] > 0
    assert "call_analysis" not in ended.call
    assert analyzed.call["call_analysis"]["call_successful"] is True


def test_the_latency_of_the_answers_is_known_after_the_call(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    latencies: list[Any] = []
    for _ in range(2):
        call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)
        started, ended, analyzed = receiver.wait(call.call_id, 3)
        assert "latency" not in started.call
        assert ended.call["latency"] == analyzed.call["latency"]
        shown = retell.call.retrieve(call.call_id).to_dict()
        assert shown["latency"] == ended.call["latency"]
        latencies.append(ended.call["latency"])
        control.reset()

    assert latencies[0] == latencies[1]
    assert set(latencies[0]) == {"e2e", "llm", "tts"}
    for index, whole in enumerate(latencies[0]["e2e"]["values"]):
        assert whole > sum(latencies[0][part]["values"][index] for part in ("llm", "tts"))
    for part in latencies[0].values():
        assert part["num"] == len(part["values"])
        assert part["min"] <= part["p50"] <= part["p90"] <= part["p99"] <= part["max"]


def test_an_unanswered_call_does_not_start(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    ended, analyzed = receiver.wait(call.call_id, 2)

    assert [ended.event, analyzed.event] == ["call_ended", "call_analyzed"]
    assert ended.call["call_status"] == "not_connected"
    assert ended.call["disconnection_reason"] == "dial_no_answer"
    assert "start_timestamp" not in ended.call
    assert ended.call["duration_ms"] == 0
    assert "latency" not in analyzed.call
    assert analyzed.call["call_analysis"]["call_successful"] is False


def test_the_analysis_reports_voicemail(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=VOICEMAIL)

    analyzed = receiver.wait(call.call_id, 3)[2]

    assert analyzed.call["disconnection_reason"] == "voicemail_reached"
    assert analyzed.call["call_analysis"]["in_voicemail"] is True


def test_the_transcript_names_the_person_called(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(
        from_number=FROM,
        to_number=REFUSES,
        retell_llm_dynamic_variables={"name": "Zoë Müller"},
    )
    analyzed = receiver.wait(call.call_id, 3)[2]

    transcript = analyzed.call["transcript"]
    assert "Zoë Müller" in transcript
    assert "{{" not in transcript
    assert "Zoë".encode() in analyzed.body
    assert analyzed.call["call_analysis"]["custom_analysis_data"] == {"engine": "local-scripted"}
    spoken = [turn["content"] for turn in analyzed.call["transcript_object"]]
    assert all(sentence in transcript for sentence in spoken)


def test_the_sdk_verifies_every_webhook(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    verify = cast("Any", retell).verify
    for webhook in receiver.wait(call.call_id, 3):
        assert verify(webhook.body.decode(), API_KEY, webhook.signature)
        assert not verify(webhook.body.decode() + " ", API_KEY, webhook.signature)


def test_a_webhook_is_tried_again_until_it_is_taken(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.set(clock={"rate": 100})
    receiver.statuses.extend([500, 401, 302])

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    bodies = [one.body for one in receiver.wait(call.call_id, 5) if one.event == "call_ended"]
    wait_for(lambda: control.request_log()["deliveries_under_way"] == 0)
    tries = [
        one
        for one in control.request_log()["deliveries"]
        if one["call_id"] == call.call_id and one["event"] == "call_ended"
    ]
    assert len(set(bodies)) == 1
    assert tries[-1]["status"] == 204
    assert [one["attempt"] for one in tries] == list(range(1, len(tries) + 1))


def test_a_webhook_is_given_up_after_three_more_tries(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.set(clock={"rate": 100}, webhook_events=["call_ended"])
    receiver.statuses.extend([500] * 10)

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    receiver.wait(call.call_id, 4)
    wait_for(lambda: control.request_log()["deliveries_under_way"] == 0)
    assert len(receiver.of(call.call_id)) == 4


def test_an_agent_may_have_its_own_webhook(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.set(webhook_url="http://127.0.0.1:9/nowhere", agent_webhook_urls={"own": receiver.url})

    call = retell.call.create_phone_call(
        from_number=FROM, to_number=NO_ANSWER, override_agent_id="own"
    )

    assert receiver.wait(call.call_id, 2)[0].call["agent_id"] == "own"


async def test_get_call_shows_the_state_of_the_call(
    async_retell: AsyncRetell, receiver: Receiver
) -> None:
    created = await async_retell.call.create_phone_call(from_number=FROM, to_number=AGREES)
    receiver.wait(created.call_id, 3)

    call = await async_retell.call.retrieve(created.call_id)

    assert isinstance(call, PhoneCallResponse)
    assert call.call_status == "ended"
    assert call.call_analysis is not None
    assert call.call_analysis.user_sentiment == "Positive"


def test_time_can_jump_over_a_call(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.set(speed=1)
    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    now_ms = control.set(clock={"rate": 1})["clock"]["now_ms"]
    control.set(clock={"now_ms": now_ms + 3_600_000})
    control.set(clock={"now_ms": now_ms + 7_200_000})

    assert receiver.wait(call.call_id, 2)[1].event == "call_analyzed"


def test_the_same_seed_gives_the_same_calls(retell: Retell, control: ControlClient) -> None:
    def dial_anew(seed: int) -> list[str]:
        control.reset(seed=seed, webhook_events=["call_ended"])
        for line in range(12):
            retell.call.create_phone_call(from_number=FROM, to_number=f"+1303777{line:04}")
        wait_for(lambda: all(call["reason"] for call in control.request_log()["calls"]))
        return [call["reason"] for call in control.request_log()["calls"]]

    first = dial_anew(seed=1)

    assert dial_anew(seed=1) == first
    assert dial_anew(seed=2) != first
    assert len(set(first)) > 1


def test_all_eight_events_can_be_had(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.set(webhook_events=[*EVENTS, "transcript_updated", *TRANSFER_EVENTS])

    call = retell.call.create_phone_call(from_number=FROM, to_number=TRANSFERRED)

    events = [one.event for one in receiver.wait(call.call_id, 10)]
    updates = [one for one in receiver.of(call.call_id) if one.event == "transcript_updated"]
    spoken = [len(one.call["transcript_with_tool_calls"]) for one in updates]
    assert sorted(set(events)) == sorted([*EVENTS, "transcript_updated", *TRANSFER_EVENTS[:3]])
    assert sorted(spoken) == [1, 2, 3, 3]
    transfer = next(one for one in receiver.of(call.call_id) if one.event == "transfer_bridged")
    assert transfer.parsed["transfer_option"] == {"type": "cold_transfer"}
