"""Webhooks that are not as they should be: each has its own answer, and leaves nothing."""

import json
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.support.call_factory import dial
from tests.support.organization import Organization, rows
from tests.support.webhook_sender import KEY, Sender, sign

pytestmark = pytest.mark.e2e

MINUTE_MS = 60_000
BODY = json.dumps({"event": "call_started", "call": {"call_id": "bad-webhook"}}).encode()


# Made when they are sent: a signature has its minutes.
SIGNATURES: dict[str, tuple[Callable[[], str | None], str]] = {
    "none": (lambda: None, "SIGNATURE_MISSING"),
    "empty": (lambda: "", "SIGNATURE_MISSING"),
    "another word": (KEY.upper, "INVALID_SIGNATURE"),
    "no v": (lambda: sign(BODY).replace("v=", ""), "INVALID_SIGNATURE"),
    "semicolon": (lambda: sign(BODY).replace(",", ";"), "INVALID_SIGNATURE"),
    "too short": (lambda: sign(BODY)[:-1], "INVALID_SIGNATURE"),
    "too long": (lambda: sign(BODY) + "0", "INVALID_SIGNATURE"),
    "capitals": (lambda: sign(BODY).upper(), "INVALID_SIGNATURE"),
    "another digest": (lambda: sign(BODY)[:-64] + "0" * 64, "INVALID_SIGNATURE"),
    "another key": (lambda: sign(BODY, "another key"), "INVALID_SIGNATURE"),
    "another body": (lambda: sign(BODY + b" "), "INVALID_SIGNATURE"),
    "stale": (lambda: sign(BODY, age_ms=6 * MINUTE_MS), "SIGNATURE_EXPIRED"),
    "future": (lambda: sign(BODY, age_ms=-6 * MINUTE_MS), "SIGNATURE_EXPIRED"),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_that_does_not_hold_is_401(
    retell: Sender, connection: psycopg.Connection, name: str
) -> None:
    make, code = SIGNATURES[name]

    response = retell.post(BODY, make())

    assert (response.status_code, response.json()["code"]) == (401, code)
    assert stored(connection, "bad-webhook") == 0


@pytest.mark.parametrize("position", [0, 12, len(BODY) // 2, len(BODY) - 1])
def test_one_byte_changed_is_401(retell: Sender, position: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1

    assert retell.post(bytes(changed), sign(BODY)).status_code == 401


def test_a_replay_is_believed_for_minutes_and_applied_once(
    retell: Sender, connection: psycopg.Connection
) -> None:
    body = json.dumps({"event": "call_started", "call": {"call_id": "replayed"}}).encode()
    signature = sign(body, age_ms=4 * MINUTE_MS)

    answers = [retell.post(body, signature).json() for _ in range(3)]

    assert [answer["duplicate"] for answer in answers] == [False, True, True]
    assert stored(connection, "replayed") == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "INVALID_JSON"),
        (b"{", "INVALID_JSON"),
        (b"[" * 5000, "INVALID_JSON"),
        (b"[]", "INVALID_BODY"),
        (b"{}", "EVENT_MISSING"),
        (b'{"event": "call_started"}', "CALL_MISSING"),
        (b'{"event": "call_started", "call": {}}', "CALL_ID_MISSING"),
        (b'{"event": "call_started", "call": {"call_id": 123}}', "CALL_ID_MISSING"),
    ],
)
def test_a_signed_body_that_is_no_event_is_400(retell: Sender, body: bytes, code: str) -> None:
    response = retell.deliver(body)

    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_body_of_more_than_ten_megabytes_is_413(retell: Sender) -> None:
    body = render("too-large", "a" * (10 * 1024 * 1024))

    response = retell.deliver(body)

    assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")


def test_a_transcript_of_nearly_ten_megabytes_is_kept(
    retell: Sender, connection: psycopg.Connection
) -> None:
    text = "User: na\u00efve caf\u00e9\n" * 500_000

    response = retell.deliver(render("nearly-too-large", text))

    assert response.status_code == 200, response.text
    [row] = rows(
        connection,
        "select length(transcript) as length from public.calls where retell_call_id = %s",
        ("nearly-too-large",),
    )
    assert row == {"length": len(text)}


def render(call_id: str, transcript: str) -> bytes:
    """At most as many bytes as the text has, and some."""
    call = {"call_id": call_id, "transcript": transcript}
    return json.dumps({"event": "call_ended", "call": call}, ensure_ascii=False).encode()


def test_bytes_that_are_no_text_are_replaced(
    retell: Sender, connection: psycopg.Connection
) -> None:
    from functions.retell_webhook.signature import sign as sign_bytes

    body = (
        b'{"event":"call_ended","call":{"call_id":"no-text","transcript":"User: caf\xe9 \\u0000"}}'
    )
    signature = sign_bytes(body, KEY, int(time.time() * 1000))

    assert retell.post(body, signature).status_code == 200
    [row] = rows(
        connection, "select transcript from public.calls where retell_call_id = %s", ("no-text",)
    )
    assert row == {"transcript": "User: caf\ufffd \ufffd"}


@pytest.mark.parametrize(
    "fields",
    [
        {"duration_ms": "30000", "end_timestamp": "1780326035000"},
        {"duration_ms": 30_000, "end_timestamp": 1_780_326_035},
        {"duration_seconds": "30"},
    ],
)
def test_numbers_as_text_and_seconds_for_milliseconds_are_read(
    retell: Sender, organization: Organization, fields: dict[str, Any]
) -> None:
    dialled = dial(organization, organization.add_campaign())
    document = dialled.document(**fields, disconnection_reason="user_hangup")

    assert retell.send("call_ended", document).status_code == 200
    assert dialled.call["duration_ms"] == 30_000
    assert dialled.call["ended_at"].year == 2026


@pytest.mark.parametrize("value", [[], {}, 5, "x", True, -1, 1e300, None])
@pytest.mark.parametrize("field", ["start_timestamp", "duration_ms", "metadata", "call_analysis"])
def test_a_field_of_another_kind_does_no_harm(retell: Sender, field: str, value: Any) -> None:
    call = {"call_id": f"odd-{field}-{value}", field: value}

    assert retell.send("call_analyzed", call).status_code == 200


def test_a_call_of_nobody_is_kept(retell: Sender, connection: psycopg.Connection) -> None:
    call = {"call_id": "of-nobody", "to_number": "+15005550006", "metadata": {"attempt_id": "?"}}

    assert retell.send("call_ended", call).status_code == 200
    [row] = rows(
        connection,
        "select organization_id, status from public.calls where retell_call_id = 'of-nobody'",
    )
    assert row == {"organization_id": None, "status": "completed"}


def stored(connection: psycopg.Connection, call_id: str) -> int:
    return len(
        rows(connection, "select from public.call_events where retell_call_id = %s", (call_id,))
    )
