"""Uploads that come at once take bounded room together, and leave it."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from backend.chat.routes.receive import Room, receive
from backend.chat.routes.respond import RefusedError


def request_of(*parts: bytes) -> Request:
    waiting = list(parts)

    async def receive() -> Message:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def total(request: Request, most: int, room: Room, owner: str = "a") -> int:
    async with receive(request, most, owner, room) as parts:
        return sum([len(part) async for part in parts])


async def test_uploads_share_their_room() -> None:
    room = Room(100, 80)
    async with receive(request_of(b"x" * 60), 80, "a", room) as parts:
        assert sum([len(part) async for part in parts]) == 60
        with pytest.raises(RefusedError, match="try again") as refused:
            await total(request_of(b"x" * 30, b"x" * 30), 80, room, "b")
        assert refused.value.status == 503
        assert await total(request_of(b"x" * 30), 80, room, "b") == 30
    assert room.taken == 0


async def test_no_caller_takes_the_room_of_all() -> None:
    room = Room(100, 50)
    async with receive(request_of(b"x" * 40), 80, "a", room) as parts:
        assert sum([len(part) async for part in parts]) == 40
        with pytest.raises(RefusedError, match="after them") as refused:
            await total(request_of(b"x" * 20), 80, room)
        assert refused.value.status == 503
        assert await total(request_of(b"x" * 50), 80, room, "b") == 50
        assert await total(request_of(b"x" * 10), 80, room) == 10
    assert room.taken == 0


async def test_one_upload_is_bounded() -> None:
    room = Room(100, 100)
    with pytest.raises(RefusedError) as refused:
        await total(request_of(b"x" * 60, b"x" * 30), 80, room)
    assert (refused.value.status, room.taken) == (413, 0)
