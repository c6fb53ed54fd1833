"""Faults of emulated Retell: injected once, or into a share of the cases."""

from typing import Any, cast

import httpx
import pytest
import retell as sdk
from retell import Retell

from edge.emulator.providers.retell.call_end import CALL_ENDS
from tests.support.emulated_retell import (
    API_KEY,
    FROM,
    ControlClient,
    Receiver,
)
from tests.support.waiting import wait_for

AGREES = "+12125550190"
NO_ANSWER = "+12125550168"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, sdk.RateLimitError),
        (402, sdk.APIStatusError),
        (500, sdk.InternalServerError),
        (503, sdk.InternalServerError),
    ],
)
def test_a_refused_request_makes_no_call(
    retell: Retell, control: ControlClient, status: int, error: type[Exception]
) -> None:
    control.inject(kind="status", endpoint="create_call", status=status, retry_after="3")

    with pytest.raises(error) as refusal:
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    assert refusal.value.response.headers["retry-after"] == "3"  # type: ignore[attr-defined]
    assert control.request_log()["calls"] == []
    retell.call.create_phone_call(from_number=FROM, to_number=AGREES)


def test_a_call_can_be_made_though_the_answer_never_comes(
    retell: Retell, control: ControlClient
) -> None:
    control.inject(kind="hang_after", endpoint="create_call")
    client = retell.with_options(timeout=0.5)

    with pytest.raises(sdk.APITimeoutError):
        client.call.create_phone_call(from_number=FROM, to_number=AGREES, idempotency_key="k")

    found = retell.call.list(
        filter_criteria={"to_number": {"type": "string", "op": "eq", "value": AGREES}}
    )
    again = retell.call.create_phone_call(from_number=FROM, to_number=AGREES, idempotency_key="k")
    assert [item.call_id for item in found.items] == [again.call_id]


def test_a_call_can_be_made_though_the_answer_breaks_off(
    retell: Retell, control: ControlClient
) -> None:
    fault = {"endpoint": "create_call", "kind": "cut", "rate": 1}
    control.set(standing_faults=[fault])

    with pytest.raises(sdk.APIConnectionError):
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    assert [one["fault"] for one in control.request_log()["creates"]] == ["cut"]
    assert len(control.request_log()["calls"]) == 1


def test_a_lost_webhook_is_never_sent(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.inject(kind="lost", endpoint="webhook")

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    assert receiver.wait(call.call_id, 1)[0].event == "call_analyzed"
    assert retell.call.retrieve(call.call_id).call_status == "not_connected"


def test_a_duplicated_webhook_comes_twice(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.inject(kind="duplicated", endpoint="webhook")

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    events = sorted(one.event for one in receiver.wait(call.call_id, 3))
    assert events == ["call_analyzed", "call_ended", "call_ended"]


def test_a_delayed_webhook_comes_after_the_next(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.inject(kind="delayed", endpoint="webhook", seconds=60)
    control.set(clock={"rate": 100})

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    assert [one.event for one in receiver.wait(call.call_id, 2)] == ["call_analyzed", "call_ended"]


def test_a_wrongly_signed_webhook_does_not_verify(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.inject(kind="wrong_signature", endpoint="webhook")
    verify = cast("Any", retell).verify

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    received = receiver.wait(call.call_id, 2)
    verified = [verify(one.body.decode(), API_KEY, one.signature) for one in received]
    assert sorted(verified) == [False, True]


def test_an_unknown_reason(retell: Retell, receiver: Receiver, control: ControlClient) -> None:
    control.inject(kind="unknown_reason", endpoint="call_end", code="moon_phase")

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)

    assert receiver.wait(call.call_id, 1)[0].call["disconnection_reason"] == "moon_phase"


def test_a_leaked_slot_comes_free_much_later(
    retell: Retell, receiver: Receiver, control: ControlClient
) -> None:
    control.inject(kind="slot_leak", endpoint="call_end")

    call = retell.call.create_phone_call(from_number=FROM, to_number=NO_ANSWER)
    receiver.wait(call.call_id, 2)

    assert retell.concurrency.retrieve().current_concurrency == 1
    now_ms = control.set()["clock"]["now_ms"]
    control.set(clock={"now_ms": now_ms + 3_700_000})
    wait_for(lambda: retell.concurrency.retrieve().current_concurrency == 0)


def test_a_share_of_the_cases_is_the_same_share_each_time(
    retell: Retell, control: ControlClient
) -> None:
    fault = {"endpoint": "create_call", "kind": "status", "status": 503, "rate": 0.3}

    def dial_all() -> list[int]:
        control.reset(seed=5, standing_faults=[fault])
        for line in range(40):
            with_answer = retell.call.with_raw_response
            try:
                with_answer.create_phone_call(from_number=FROM, to_number=f"+1303777{line:04}")
            except sdk.InternalServerError:
                continue
        return [one["status"] for one in control.request_log()["creates"]]

    first = dial_all()

    assert dial_all() == first
    assert 3 < first.count(503) < 25


@pytest.mark.parametrize(
    ("place", "reason"), [(place, end.reason) for place, end in enumerate(CALL_ENDS, 51)]
)
def test_every_call_end_has_a_number(
    retell: Retell, receiver: Receiver, control: ControlClient, place: int, reason: str
) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=f"+121255501{place}")

    ended = next(one for one in receiver.wait(call.call_id, 2) if one.event == "call_ended")

    assert ended.call["disconnection_reason"] == reason


@pytest.mark.parametrize(
    "order",
    [
        {"speed": 0},
        {"concurrency_limit": -1},
        {"weights": {"no_such_reason": 1}},
        {"colour": "red"},
        {"standing_faults": [{"endpoint": "webhook", "kind": "lost", "rate": 2}]},
        {"clock": {"rate": 0}},
    ],
)
def test_invalid_configuration_is_refused(http: httpx.Client, order: Any) -> None:
    assert http.post("/retell/_control", json=order).status_code == 400
