"""What the provider's answers mean."""

import pytest

from functions.campaign_trigger.reply import (
    Consequence,
    Placed,
    Refused,
    Unknown,
    read_call,
    read_refusal,
)


def refusal(status: int, message: str = "", retry_after: str | None = None) -> Refused:
    reply = read_refusal(status, message, retry_after)
    assert isinstance(reply, Refused)
    return reply


def test_an_answer_that_names_a_call_has_placed_it() -> None:
    call = {"call_id": "call_1", "call_status": "registered"}

    assert read_call(call) == Placed("call_1", call)


@pytest.mark.parametrize("call", [{}, {"call_id": ""}, {"call_id": 7}, {"call_id": None}])
def test_an_answer_that_names_none_leaves_it_open(call: dict[str, object]) -> None:
    assert isinstance(read_call(call), Unknown)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 599])
def test_the_servers_trouble_may_hide_a_call(status: int) -> None:
    assert isinstance(read_refusal(status, "trouble"), Unknown)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(None, 30), ("7", 30), ("90", 90), ("99999999", 3600), ("-5", 30), ("soon", 30), ("1.5", 30)],
)
def test_too_many_requests_wait_as_asked_within_reason(
    retry_after: str | None, seconds: int
) -> None:
    reply = refusal(429, "slow down", retry_after)

    assert (reply.consequence, reply.delay_seconds) == (Consequence.SLOW_DOWN, seconds)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_payment_and_keys_are_for_a_person_to_mend(status: int) -> None:
    reply = refusal(status, "no")

    assert reply.consequence is Consequence.PAUSE
    assert reply.message.endswith("then resume the campaign.")


@pytest.mark.parametrize(
    ("message", "consequence"),
    [
        ("The contact +12125550100 is marked do_not_call.", Consequence.DO_NOT_CALL),
        ("Contact is on the DNC list", Consequence.DO_NOT_CALL),
        ("to_number is not a valid E.164 phone number: +1", Consequence.BAD_NUMBER),
        ("Invalid to number", Consequence.BAD_NUMBER),
        ("from_number is not yours", Consequence.PAUSE),
        ("Cannot find requested asset under given api key.", Consequence.PAUSE),
    ],
)
@pytest.mark.parametrize("status", [400, 404, 422])
def test_an_objection_is_told_by_its_words(
    status: int, message: str, consequence: Consequence
) -> None:
    assert refusal(status, message).consequence is consequence


def test_a_long_message_is_cut() -> None:
    reply = refusal(400, "x" * 10_000)

    assert len(reply.error) < 400
    assert len(reply.message) < 400
