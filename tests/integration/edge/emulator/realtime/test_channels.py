"""Handshakes, joins, broadcasts and presence."""

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edge.emulator.realtime.service import RealtimeService
from tests.integration.edge.emulator.realtime.conftest import Connect
from tests.support.realtime_service import ANN, user_token

ROOM = "realtime:room"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("", "API key is missing"),
        ("nonsense", "The token provided is not a valid JWT"),
        (user_token(ANN, exp=1), "Token has expired"),
    ],
)
async def test_a_handshake_without_a_valid_key_is_401(
    open_socket: Connect, key: str, text: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(key)

    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"") == {"error": text}


async def test_heartbeats_unknown_topics_and_malformed_frames(open_socket: Connect) -> None:
    client = await open_socket()
    await client.socket.send("no json")
    await client.socket.send('["1"]')
    await client.socket.send(b"\x03\xff")
    beat = await client.send("phoenix", "heartbeat", {})
    other = await client.send("other", "phx_join", {})

    assert (await client.until(lambda m: m[1] == beat))[4] == {"status": "ok", "response": {}}
    assert (await client.until(lambda m: m[1] == other))[4]["response"] == {
        "reason": "unmatched topic"
    }


async def test_a_broadcast_reaches_others_and_the_sender_if_it_asks(
    open_socket: Connect,
) -> None:
    ann, bob = await open_socket(), await open_socket()
    await ann.join("room", broadcast={"self": True, "ack": True})
    await bob.join("room")
    payload = {"type": "broadcast", "event": "hi", "payload": {"n": 1}}
    ref = await ann.send(ROOM, "broadcast", payload)

    assert await bob.event("broadcast") == payload
    assert await ann.event("broadcast") == payload
    assert (await ann.until(lambda m: m[1] == ref))[4]["status"] == "ok"


async def test_binary_broadcasts_keep_their_bytes(open_socket: Connect) -> None:
    ann, bob = await open_socket(), await open_socket()
    await ann.join("room")
    await bob.join("room")
    topic, event = ROOM.encode(), b"bytes"
    head = bytes((3, 1, 1, len(topic), len(event), 0, 0))
    await ann.socket.send(head + b"1" + b"2" + topic + event + b"\x00\xff")

    received = await bob.event("broadcast")
    assert (received["event"], received["payload"]) == ("bytes", b"\x00\xff")


async def test_messages_by_http(open_socket: Connect, http: httpx.AsyncClient) -> None:
    client = await open_socket()
    await client.join("room")
    message = {"topic": "room", "event": "hi", "payload": {"n": 1}}
    sent = await http.post("/api/broadcast", json={"messages": [message]})
    one = await http.post("/api/broadcast/room/events/one", json={"n": 2})
    blank = await http.post("/api/broadcast", json={"messages": [{"topic": "room"}]})
    nobody = await http.post("/api/broadcast", json={}, headers={"authorization": "Bearer x"})

    assert (sent.status_code, one.status_code) == (202, 202)
    assert [(await client.event("broadcast"))["payload"] for _ in range(2)] == [{"n": 1}, {"n": 2}]
    assert (blank.status_code, nobody.status_code) == (422, 401)
    assert blank.json()["errors"]["messages"][0]["event"] == ["can't be blank"]


async def test_presence_is_a_state_and_then_differences(open_socket: Connect) -> None:
    ann, bob = await open_socket(), await open_socket()
    await ann.join("room", presence={"key": "ann"})
    await ann.event("presence_state")
    track = {"type": "presence", "event": "track", "payload": {"at": 1}}
    await ann.send(ROOM, "presence", track)
    joined = await ann.event("presence_diff")
    await bob.join("room", presence={"key": "bob"})
    state = await bob.event("presence_state")
    await ann.send(ROOM, "presence", {**track, "payload": {"at": 2}})
    moved = await bob.event("presence_diff")
    await ann.socket.close()
    left = await bob.event("presence_diff")

    assert joined["joins"]["ann"]["metas"][0]["at"] == 1
    assert state["ann"]["metas"][0]["at"] == 1
    assert (
        moved["joins"]["ann"]["metas"][0]["phx_ref_prev"]
        == (moved["leaves"]["ann"]["metas"][0]["phx_ref"])
    )
    assert (left["joins"], left["leaves"]["ann"]["metas"][0]["at"]) == ({}, 2)


async def test_a_second_join_closes_the_first_channel(open_socket: Connect) -> None:
    client = await open_socket()
    await client.join("room")
    await client.join("room")

    assert (await client.until(lambda m: m[3] == "phx_close"))[0] == "0"


async def test_an_expired_or_foreign_token_ends_the_channel(open_socket: Connect) -> None:
    client = await open_socket()
    await client.join("room", user_token(ANN))
    await client.send(ROOM, "access_token", {"access_token": user_token(ANN, exp=1)})

    assert (await client.event("system"))["message"] == "Token has expired"
    await client.event("phx_close")


async def test_a_client_that_does_not_read_is_closed_and_others_are_served(
    open_socket: Connect,
) -> None:
    slow, ann, bob = await open_socket(), await open_socket(), await open_socket()
    for client in (slow, ann, bob):
        await client.join("room")
    slow.socket.transport.pause_reading()
    for _ in range(30):
        payload = {"type": "broadcast", "event": "big", "payload": "x" * 1_000_000}
        await ann.send(ROOM, "broadcast", payload)
        await bob.event("broadcast")

    slow.socket.transport.resume_reading()
    await slow.socket.wait_closed()
    assert slow.socket.close_code in {1013, 1006}


async def test_one_request_or_join_is_bounded(
    open_socket: Connect, http: httpx.AsyncClient
) -> None:
    client = await open_socket()
    entry = {"event": "*", "schema": "public", "table": "t"}
    refused = await client.join("room", postgres_changes=[entry] * 101)
    await client.join("room")
    track = {"type": "presence", "event": "track", "payload": {"text": "x" * 100_000}}
    ref = await client.send(ROOM, "presence", track)
    large = await client.until(lambda message: message[1] == ref)
    message = {"topic": "room", "event": "hi", "payload": {}}
    many = await http.post("/api/broadcast", json={"messages": [message] * 1001})

    assert (refused["status"], many.status_code) == ("error", 429)
    assert large[4]["response"] == {"reason": "Track message size exceeded"}


async def test_a_long_message_of_many_values_arrives_and_broken_json_does_not(
    open_socket: Connect,
) -> None:
    ann, bob, old = await open_socket(), await open_socket(), await open_socket(vsn="1.0.0")
    await ann.join("room", broadcast={"self": False})
    await bob.join("room")
    text = '{"topic":"realtime:room","event":"phx_join","payload":{},"ref":"1","join_ref":"1"}'
    await old.socket.send(text)
    topic, event = ROOM.encode(), b"hi"
    head = bytes((3, 1, 1, len(topic), len(event), 0, 1)) + b"12" + topic + event
    for broken in (b"{", b"[" * 100_000, b"[1e999]", b"NaN"):
        await ann.socket.send(head + broken)
    await ann.socket.send(head + b"[1]")
    numbers = list(range(20_000))
    payload = {"type": "broadcast", "event": "hi", "payload": {"n": numbers}}
    ref = await ann.send(ROOM, "broadcast", payload)
    joined = await ann.send(ROOM, "phx_join", {"config": {"n": numbers}})

    assert (await bob.event("broadcast"))["payload"] == [1]
    assert await bob.event("broadcast") == payload
    reply = await ann.until(lambda message: message[1] == joined)
    assert reply[4] == {"status": "error", "response": {"reason": "payload_size_exceeded"}}
    assert await ann.nothing("phx_close"), ref
    frames = [json.loads(await old.socket.recv()) for _ in range(4)]
    assert [frame["payload"].get("payload") for frame in frames[2:]] == [[1], {"n": numbers}]


@pytest.mark.parametrize("is_limited", [True])
@pytest.mark.usefixtures("is_limited")
async def test_the_platform_s_limits(open_socket: Connect, service: RealtimeService) -> None:
    for rate in (service._quota._joins, service._quota._messages):
        rate.clock = lambda: 0.0  # a bucket that ends meanwhile would double the limit
    client = await open_socket()
    await client.join("room")
    for number in range(6):
        payload = {"type": "presence", "event": "track", "payload": {"n": number}}
        await client.send(ROOM, "presence", payload)

    system = await client.event("system")
    assert (system["status"], system["message"]) == (
        "error",
        "Client presence rate limit exceeded",
    )
    await client.event("phx_close")
    joined = await client.join("room")
    assert joined["status"] == "ok"
    for _ in range(502):
        await client.send(ROOM, "broadcast", {"event": "hi"})
    assert (await client.event("system"))["message"] == "Too many messages per second"
    for _ in range(500):
        await client.send("realtime:other", "phx_join", {})
    too_many = {"reason": "ClientJoinRateLimitReached: Too many joins per second"}
    await client.until(lambda m: m[3] == "phx_reply" and m[4]["response"] == too_many)
    with pytest.raises(ConnectionClosed):
        await client.until(lambda message: False)
