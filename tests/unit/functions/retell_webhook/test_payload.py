"""Bodies of signed webhooks: what is read from them, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.retell_webhook.inbound import InboundRequest
from functions.retell_webhook.payload import parse_payload
from shared.errors import BadInputError
from shared.telephony.event import CallEvent
from shared.telephony.retell import parse_event
from shared.telephony.store import render_event

CALL = {"call_id": "c1", "direction": "outbound"}


def parse(**fields: Any) -> CallEvent:
    return parse_event_of(json.dumps(fields).encode())


def parse_event_of(body: bytes) -> CallEvent:
    event = parse_payload(body)
    assert isinstance(event, CallEvent)
    return event


def test_both_envelopes_are_read() -> None:
    assert parse(event="call_started", call=CALL) == parse_event("call_started", CALL)
    assert parse(event_type="call_started", data=CALL) == parse_event("call_started", CALL)


@pytest.mark.parametrize(
    ("fields", "turn"),
    [
        ({"transcript_object": [{}, {}]}, 2),
        ({"transcript_with_tool_calls": [{}, {}, {}], "transcript_object": [{}]}, 3),
        ({"transcript_object": "x"}, 0),
        ({}, 0),
    ],
)
def test_what_happens_again_in_a_call_is_told_apart_by_its_transcript(
    fields: dict[str, Any], turn: int
) -> None:
    assert parse(event="transcript_updated", call={**CALL, **fields}).turn == turn
    assert parse(event="transfer_started", call={**CALL, **fields}).turn == turn
    assert parse(event="call_ended", call={**CALL, **fields}).turn == 0


def test_what_stands_beside_the_call_is_kept() -> None:
    event = parse(event="transfer_started", call=CALL, transfer_destination="+12125550100", x=1)

    assert event.payload == {**CALL, "transfer_destination": "+12125550100", "x": 1}
    assert parse(event="call_ended", call={**CALL, "x": 2}, x=1).payload == {**CALL, "x": 2}


@pytest.mark.parametrize("event", ["chat_started", "chat_ended", "chat_analyzed"])
def test_events_of_chats_are_read(event: str) -> None:
    chat = {"chat_id": "chat_1", "agent_id": "a", "transcript": "Hi", "transcript_object": [{}]}

    found = parse(event=event, chat=chat)

    assert (found.event, found.call_id, found.payload, found.turn) == (event, "chat_1", chat, 0)
    assert not found.is_over


@pytest.mark.parametrize("event", ["call_inbound", "chat_inbound"])
def test_a_call_that_comes_in_has_no_id(event: str) -> None:
    inbound = {"agent_id": "agent_1", "from_number": "+12125550100", "to_number": "+12125550101"}
    bodies = [json.dumps({"event": event, event: inbound, "at": at}).encode() for at in (1, 1, 2)]

    found = [parse_payload(body) for body in bodies]

    assert all(isinstance(request, InboundRequest) for request in found)
    assert found[0] == found[1] != found[2]
    assert found[0].payload == {**inbound, "at": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "INVALID_JSON"),
        (b"{", "INVALID_JSON"),
        (b"hello", "INVALID_JSON"),
        (b"[" * 100_000, "INVALID_JSON"),
        (b"\x00\x01\xff", "INVALID_JSON"),
        (b"[]", "INVALID_BODY"),
        (b"null", "INVALID_BODY"),
        (b'"call_started"', "INVALID_BODY"),
        (b"{}", "EVENT_MISSING"),
        (b'{"event": "", "call": {"call_id": "c"}}', "EVENT_MISSING"),
        (b'{"event": 5, "call": {"call_id": "c"}}', "EVENT_MISSING"),
        (b'{"event": "%s", "call": {"call_id": "c"}}' % (b"e" * 101), "EVENT_MISSING"),
        (b'{"event": "call_ended"}', "CALL_MISSING"),
        (b'{"event": "call_ended", "call": []}', "CALL_MISSING"),
        (b'{"event": "call_ended", "call": {}}', "CALL_ID_MISSING"),
        (b'{"event": "call_ended", "call": {"call_id": ""}}', "CALL_ID_MISSING"),
        (b'{"event": "call_ended", "call": {"call_id": 7}}', "CALL_ID_MISSING"),
        (b'{"event": "call_ended", "call": {"call_id": null}}', "CALL_ID_MISSING"),
    ],
)
def test_what_is_no_event_is_refused_by_name(body: bytes, code: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_payload(body)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"caf\xc3\xa9"', "café"),
        (b'"caf\xe9"', "caf\ufffd"),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"a\\ud800b"', "a\ufffdb"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b"NaN", None),
        (b"-Infinity", None),
        (b"9" * 5000, None),
    ],
)
def test_what_cannot_be_stored_is_replaced(written: bytes, read: object) -> None:
    body = b'{"event": "call_ended", "call": {"call_id": "c", "transcript": %s}}' % written

    assert parse_event_of(body).payload["transcript"] == read


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(fields=st.dictionaries(st.text(), JSON))
def test_any_call_with_an_id_can_be_handed_to_the_database(fields: dict[str, Any]) -> None:
    body = json.dumps({"event": "call_analyzed", "call": {**fields, "call_id": "c"}}).encode()

    rendered = render_event(parse_event_of(body))

    assert json.loads(rendered)["call_id"] == "c"
    assert b"\\u0000" not in rendered


READ = ("transcript", "transcript_object", "call_analysis", "metadata")


@given(fields=st.fixed_dictionaries({}, optional=dict.fromkeys(READ, JSON)))
def test_fields_of_any_kind_are_read(fields: dict[str, Any]) -> None:
    body = json.dumps({"event": "call_analyzed", "call": {**fields, "call_id": "c"}}).encode()

    assert render_event(parse_event_of(body))
