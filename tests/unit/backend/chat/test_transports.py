"""What is passed on to Engine.IO's server, and what is refused before."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend.chat import transports
from backend.chat.transports import Transports


def http(path: str = "/socket.io/", method: str = "POST") -> Scope:
    return {"type": "http", "method": method, "path": path, "headers": []}


def websocket(query: bytes) -> Scope:
    return {"type": "websocket", "path": "/socket.io/", "query_string": query}


def body(*parts: bytes) -> list[Message]:
    last = len(parts) - 1
    return [
        {"type": "http.request", "body": part, "more_body": n < last}
        for n, part in enumerate(parts)
    ]


async def call(scope: Scope, events: list[Message]) -> tuple[list[Message], list[Any]]:
    """Return the events that the application behind gets, and what is sent."""
    waiting, received, sent = [*events], [], []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        for _ in events:
            received.append(await receive())
            if scope["type"] == "http" and not received[-1]["more_body"]:
                return

    await Transports(app)(scope, receive, send)
    return received, sent


@pytest.mark.parametrize("parts", [(b"d=1",), (b"d=&a=1" * 9,), (b"", b"d", b"=", b"1")])
async def test_a_form_of_jsonp_is_refused_before_it_is_parsed(parts: tuple[bytes, ...]) -> None:
    received, sent = await call(http(), body(*parts))
    assert received == []
    assert sent[0]["status"] == 400
    assert b"JSONP" in sent[1]["body"]


@pytest.mark.parametrize("parts", [(b"",), (b"4",), (b"40/chat,", b"x"), (b"4", b"", b"0", b"d=")])
async def test_another_body_is_passed_on(parts: tuple[bytes, ...]) -> None:
    received, sent = await call(http(), body(*parts))
    assert b"".join(event["body"] for event in received) == b"".join(parts)
    assert not received[-1]["more_body"]
    assert sent == []


@pytest.mark.parametrize("scope", [http("/session"), http(method="GET")])
async def test_other_requests_are_passed_on_as_they_are(scope: Scope) -> None:
    received, sent = await call(scope, body(b"d=1"))
    assert received == body(b"d=1")
    assert sent == []


async def test_a_client_that_has_gone_is_nothing_to_answer() -> None:
    assert await call(http(), [{"type": "http.disconnect"}]) == ([], [])


_CONNECT: Message = {"type": "websocket.connect"}
_PROBE: Message = {"type": "websocket.receive", "text": "2probe"}
_LEAVE: Message = {"type": "websocket.disconnect", "code": 1006}


@pytest.mark.parametrize("query", [b"EIO=4&transport=websocket&sid=x", b"EIO=4"])
async def test_a_websocket_that_goes_on_is_passed_on(query: bytes) -> None:
    events = [_CONNECT, _PROBE, _LEAVE]
    assert await call(websocket(query), events) == (events, [])


async def test_an_upgrade_without_a_probe_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = websocket(b"sid=x")
    ended = [_CONNECT, transports._NO_PROBE]
    assert (await call(upgrade, [_CONNECT, _LEAVE]))[0] == ended
    assert (await call(websocket(b""), [_CONNECT, _LEAVE]))[0] == [_CONNECT, _LEAVE]
    monkeypatch.setattr(transports, "_PROBE_SECONDS", 0.01)

    async def receive() -> Message:
        return waiting.pop() if waiting else await asyncio.Event().wait()

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        found.extend([await receive(), await receive()])

    async def send(_message: Message) -> None: ...

    waiting, found = [_CONNECT], []
    await Transports(app)(upgrade, receive, send)
    assert found == ended


@pytest.mark.parametrize("is_answered", [False, True])
async def test_an_answer_to_a_probe_that_has_gone_is_no_failure(*, is_answered: bool) -> None:
    waiting = [_LEAVE, _PROBE, _CONNECT]

    async def receive() -> Message:
        return waiting.pop()

    async def send(_message: Message) -> None:
        raise OSError("the client has disconnected")

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(3 if is_answered else 2):
            await receive()
        await send({"type": "websocket.send", "text": "3probe"})

    if is_answered:
        with pytest.raises(OSError, match="disconnected"):
            await Transports(app)(websocket(b"sid=x"), receive, send)
    else:
        await Transports(app)(websocket(b"sid=x"), receive, send)
