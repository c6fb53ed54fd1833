"""Requests that emulated Retell accepts and rejects, as its SDK reports them."""

from typing import Any

import httpx
import pytest
import retell as sdk
from retell import AsyncRetell, Retell

from tests.support.emulated_retell import FROM, ControlClient, Receiver
from tests.support.waiting import wait_for

AGREES = "+12125550190"
OPTS_OUT = "+12125550153"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"to_number": None}, "to_number"),
        ({"from_number": None}, "from_number"),
        ({"to_number": "2125550190"}, "to_number is not a valid E.164"),
        ({"to_number": "+0125550190"}, "E.164"),
        ({"to_number": "+1 212 555 0190"}, "E.164"),
        ({"to_number": 12125550190}, "to_number must be"),
        ({"from_number": "anonymous"}, "from_number is not"),
        ({"metadata": "text"}, "metadata must be object"),
        ({"metadata": {"long": "x" * 50_001}}, "50kB"),
        ({"retell_llm_dynamic_variables": {"count": 3}}, "count must be string"),
        ({"retell_llm_dynamic_variables": []}, "must be object"),
        ({"honor_internal_dnc": "yes"}, "must be boolean"),
        ({"idempotency_key": ""}, "idempotency_key"),
    ],
)
def test_a_wrong_field_is_named(
    retell: Retell, control: ControlClient, change: dict[str, Any], says: str
) -> None:
    body = {"from_number": FROM, "to_number": AGREES, **change}
    body = {name: value for name, value in body.items() if value is not None}

    with pytest.raises(sdk.BadRequestError, match=says):
        retell.post("/v2/create-phone-call", body=body, cast_to=object)

    assert control.request_log()["calls"] == []


def test_an_invalid_caller_number_passes_with_ignore_e164_validation(retell: Retell) -> None:
    call = retell.call.create_phone_call(
        from_number="anonymous", to_number=AGREES, ignore_e164_validation=True
    )

    assert call.from_number == "anonymous"


def test_a_key_is_needed(http: httpx.Client) -> None:
    answer = http.post("/retell/v2/create-phone-call", json={})

    assert answer.status_code == 401
    assert answer.json() == {"status": "error", "message": "API key is missing or invalid."}


def test_an_unreadable_body_is_refused(http: httpx.Client, control: ControlClient) -> None:
    headers = {"authorization": "Bearer key"}

    answer = http.post("/retell/v2/create-phone-call", content=b"{", headers=headers)

    assert (answer.status_code, answer.json()["status"]) == (400, "error")


def test_an_unknown_call_is_unprocessable(retell: Retell) -> None:
    with pytest.raises(sdk.UnprocessableEntityError):
        retell.call.retrieve("call_unknown")


def test_a_call_is_not_found_under_another_key(retell: Retell) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    with pytest.raises(sdk.UnprocessableEntityError):
        retell.with_options(api_key="another").call.retrieve(call.call_id)


def test_the_same_key_makes_one_call(retell: Retell, control: ControlClient) -> None:
    calls = [
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES, idempotency_key="one")
        for _ in range(3)
    ]

    assert len({call.call_id for call in calls}) == 1
    assert len(control.request_log()["calls"]) == 1
    assert [one["is_replay"] for one in control.request_log()["creates"]] == [False, True, True]


def test_after_an_hour_the_same_key_makes_another_call(
    retell: Retell, control: ControlClient
) -> None:
    control.set(clock={"now_ms": 0})
    first = retell.call.create_phone_call(from_number=FROM, to_number=AGREES, idempotency_key="k")
    control.set(clock={"now_ms": 3_700_000})

    second = retell.call.create_phone_call(from_number=FROM, to_number=AGREES, idempotency_key="k")

    assert first.call_id != second.call_id


def test_a_do_not_call_contact_is_refused_on_request(retell: Retell) -> None:
    contact = retell.contact.create(phone_number=AGREES, do_not_call=True)

    with pytest.raises(sdk.BadRequestError, match="do_not_call"):
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES, honor_internal_dnc=True)

    retell.call.create_phone_call(from_number=FROM, to_number=AGREES)
    retell.contact.update(contact.contact_id, do_not_call=False)
    retell.call.create_phone_call(from_number=FROM, to_number=AGREES, honor_internal_dnc=True)


def test_a_callee_who_opts_out_is_marked(retell: Retell, receiver: Receiver) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=OPTS_OUT)

    assert receiver.wait(call.call_id, 3)[1].call["disconnection_reason"] == "user_requested_dnc"
    assert retell.contact.get_by_phone(OPTS_OUT).do_not_call is True


def test_no_more_calls_than_the_limit_at_once(retell: Retell, control: ControlClient) -> None:
    control.set(speed=0.01, concurrency_limit=3, reserved_inbound_concurrency=1)
    calls = [
        retell.call.create_phone_call(from_number=FROM, to_number=f"+1212555019{n}")
        for n in range(2)
    ]

    with pytest.raises(sdk.RateLimitError):
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES)
    state = retell.concurrency.retrieve()

    assert (state.current_concurrency, state.concurrency_limit) == (2, 3)
    assert state.reserved_inbound_concurrency == 1
    retell.call.stop(calls[0].call_id)
    assert retell.concurrency.retrieve().current_concurrency == 1
    retell.call.create_phone_call(from_number=FROM, to_number=AGREES)


def test_no_faster_than_the_pace(retell: Retell, control: ControlClient) -> None:
    control.set(calls_per_second=2, clock={"now_ms": 0, "rate": 0.001})
    for _ in range(2):
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    with pytest.raises(sdk.RateLimitError):
        retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    control.set(clock={"now_ms": 1100})
    retell.call.create_phone_call(from_number=FROM, to_number=AGREES)


def test_a_call_can_be_stopped(retell: Retell, receiver: Receiver, control: ControlClient) -> None:
    control.set(speed=1)
    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    retell.call.stop(call.call_id)

    ended = receiver.wait(call.call_id, 1)[0]
    assert (ended.event, ended.call["disconnection_reason"]) == ("call_ended", "manual_stopped")


def test_a_call_s_metadata_can_be_replaced(retell: Retell) -> None:
    call = retell.call.create_phone_call(from_number=FROM, to_number=AGREES)

    retell.call.update(call.call_id, metadata={"order": 7})

    assert retell.call.retrieve(call.call_id).metadata == {"order": 7}


async def test_a_batch_calls_everyone_as_slots_come_free(
    async_retell: AsyncRetell, receiver: Receiver, control: ControlClient
) -> None:
    control.set(concurrency_limit=2, clock={"rate": 100})
    tasks: Any = [{"to_number": f"+1303777{n:04}", "metadata": {"n": n}} for n in range(6)]

    batch = await async_retell.batch_call.create_batch_call(from_number=FROM, tasks=tasks)

    assert batch.total_task_count == 6
    wait_for(lambda: len(control.request_log()["calls"]) == 6)
    log = control.request_log()
    assert sorted(call["metadata"]["n"] for call in log["calls"]) == list(range(6))
    assert max(log["peaks"].values()) <= 2
