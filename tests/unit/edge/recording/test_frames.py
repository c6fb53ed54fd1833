"""Frames of WebSockets, counted however their bytes are cut."""

import random

import pytest
from websockets.frames import Close, Frame, Opcode

from edge.recording.frames import FrameCounter

_HEAD = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"


def render(*, mask: bool) -> bytes:
    """Return a connection's bytes: messages of all lengths, one of them fragmented, and a close."""
    frames = [
        Frame(Opcode.TEXT, b""),
        Frame(Opcode.BINARY, b"x" * 125),
        Frame(Opcode.PING, b"ping"),
        Frame(Opcode.TEXT, b"y" * 126, fin=False),
        Frame(Opcode.CONT, b"z" * 70_000),
        Frame(Opcode.CLOSE, Close(1011, "broken").serialize()),
    ]
    return _HEAD + b"".join(frame.serialize(mask=mask) for frame in frames)


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("most", [1, 3, 1000, 1 << 20])
def test_counts_messages_and_reads_the_code(mask: bool, most: int) -> None:
    data = render(mask=mask)
    cuts, counter = random.Random(most), FrameCounter()
    at = 0
    while at < len(data):
        step = cuts.randint(1, most)
        counter.feed(data[at : at + step])
        at += step

    assert (counter.status, counter.messages, counter.close_code) == (101, 3, 1011)
    assert counter.size == len(data) - len(_HEAD)


def test_a_refusal_has_no_frames() -> None:
    counter = FrameCounter()
    counter.feed(b"HTTP/1.1 401 Refused\r\ncontent-length: 2\r\n\r\n\x81\x00")

    counter.feed(b"\x81\x02ok")

    assert (counter.status, counter.messages, counter.size) == (401, 0, 0)


def test_frames_that_come_one_by_one_are_counted() -> None:
    counter = FrameCounter()
    counter.feed(_HEAD)
    for length in (2, 125, 126, 70_000):
        counter.feed(Frame(Opcode.TEXT, b"x" * length).serialize(mask=False))
    counter.feed(Frame(Opcode.CLOSE, Close(1000, "").serialize()).serialize(mask=False))

    assert (counter.messages, counter.close_code) == (4, 1000)


def test_a_head_without_an_end_is_given_up() -> None:
    counter = FrameCounter()
    for _ in range(200):
        counter.feed(b"x" * 1000)

    assert counter.messages == 0
    assert len(counter._held) <= 66_000  # pyright: ignore[reportPrivateUsage]
