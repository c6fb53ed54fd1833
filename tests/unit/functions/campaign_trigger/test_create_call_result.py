"""Responses to create-phone-call, parsed by status and message."""

import pytest

from functions.campaign_trigger.create_call_result import (
    Consequence,
    Placed,
    Rejected,
    Unknown,
    parse_call,
    parse_rejection,
)


def rejection(status: int, message: str = "", retry_after: str | None = None) -> Rejected:
    result = parse_rejection(status, message, retry_after)
    assert isinstance(result, Rejected)
    return result


def test_a_response_with_a_call_id_is_placed() -> None:
    call = {"call_id": "call_1", "call_status": "registered"}

    assert parse_call(call) == Placed("call_1", call)


@pytest.mark.parametrize("call", [{}, {"call_id": ""}, {"call_id": 7}, {"call_id": None}])
def test_a_response_without_a_call_id_is_unknown(call: dict[str, object]) -> None:
    assert isinstance(parse_call(call), Unknown)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 599])
def test_a_server_error_is_unknown(status: int) -> None:
    assert isinstance(parse_rejection(status, "trouble"), Unknown)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(None, 30), ("7", 30), ("90", 90), ("99999999", 3600), ("-5", 30), ("soon", 30), ("1.5", 30)],
)
def test_retry_after_is_clamped(retry_after: str | None, seconds: int) -> None:
    result = rejection(429, "slow down", retry_after)

    assert (result.consequence, result.delay_seconds) == (Consequence.SLOW_DOWN, seconds)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_payment_and_key_errors_pause_the_campaign(status: int) -> None:
    result = rejection(status, "no")

    assert result.consequence is Consequence.PAUSE
    assert result.message.endswith("then resume the campaign.")


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
def test_a_client_error_is_classified_by_its_message(
    status: int, message: str, consequence: Consequence
) -> None:
    assert rejection(status, message).consequence is consequence


def test_a_long_message_is_truncated() -> None:
    result = rejection(400, "x" * 10_000)

    assert len(result.error) < 400
    assert len(result.message) < 400
