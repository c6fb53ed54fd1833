"""Bodies that take long to parse leave the event loop to others."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from types import FrameType

import pytest
from starlette.requests import Request
from starlette.types import Message

from edge.emulator.fair_turns import TooManyWaitingError
from edge.emulator.providers.body import MAX_BYTES, BodyParser, Budget, BusyError, receive_form
from edge.emulator.providers.parsing import pack_object, unpack_object

TOKENS = b'{"input": [' + b"12345678, " * 390_000 + b"1]}"
TEXT = b'{"input": "' + b"x" * 4_000_000 + b'"}'
SMALL_VALUES = b'{"input": [' + b"1," * 60_000 + b"1]}"


@pytest.fixture
async def parser() -> AsyncIterator[BodyParser]:
    parser = BodyParser()
    yield parser
    parser.close()


@pytest.mark.parametrize("raw", [TOKENS, TEXT, SMALL_VALUES], ids=["tokens", "text", "values"])
async def test_the_loop_goes_on_while_a_long_body_is_parsed(parser: BodyParser, raw: bytes) -> None:
    assert len(raw) < MAX_BYTES
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    parsed = await parser.parse(raw, "me")
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting

    assert turns >= 10
    assert parsed == json.loads(raw)


async def test_a_short_body_is_parsed_at_once(parser: BodyParser) -> None:
    parsing = parser.parse(b'{"input": "x"}', "me")

    with pytest.raises(StopIteration) as done:
        parsing.send(None)
    assert done.value.value == {"input": "x"}


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"a": [' + b"1," * 60_000 + b"]}", "Expecting value"),
        (b"[" + b"1," * 60_000 + b"1]", "not a JSON object"),
        (b'{"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}", "nested too deeply"),
        (b'{"a": "\\ud83d' + b"x" * 200_000 + b'"}', "surrogate"),
        (b'{"a": "\xff' + b"x" * 200_000 + b'"}', "decode"),
        (b'{"a": [' + b"1," * 410_000 + b"1]}", "too many values"),
    ],
    ids=["syntax", "list", "nested", "surrogate", "bytes", "many"],
)
async def test_the_problem_of_a_long_body_is_told(
    parser: BodyParser, raw: bytes, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        await parser.parse(raw, "me")


async def test_a_caller_has_so_many_long_bodies_and_another_is_not_kept_waiting(
    parser: BodyParser,
) -> None:
    many = [asyncio.create_task(parser.parse(SMALL_VALUES, "many")) for _ in range(40)]
    await asyncio.sleep(0)
    await parser.parse(SMALL_VALUES, "other")
    waiting = sum(not each.done() for each in many)
    found = await asyncio.gather(*many, return_exceptions=True)

    assert waiting > 10
    assert sum(isinstance(each, TooManyWaitingError) for each in found) == 7


def test_what_was_parsed_is_restored_in_pieces() -> None:
    """Other threads get a turn when Python code runs: when the next piece is read."""
    packed, _ = pack_object(TOKENS)
    reads = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal reads
        reads += event == "call" and frame.f_code.co_name in {"read", "readinto"}

    sys.setprofile(count)
    try:
        restored = unpack_object(packed)
    finally:
        sys.setprofile(None)

    assert restored == json.loads(TOKENS)
    assert reads > len(packed) >> 17


def form_request(content: bytes) -> Request:
    body = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body += content + b"\r\n--b--\r\n"
    parts = [body[start : start + 4096] for start in range(0, len(body), 4096)]

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    kind = (b"content-type", b"multipart/form-data; boundary=b")
    return Request({"type": "http", "method": "POST", "headers": [kind]}, receive)


async def test_forms_hold_bounded_bytes_together() -> None:
    budget = Budget(100_000)
    async with receive_form(form_request(b"x" * 60_000), 80_000, budget) as form:
        assert form["file"][0].content == b"x" * 60_000
        assert budget.held > 60_000
        with pytest.raises(BusyError):
            async with receive_form(form_request(b"y" * 60_000), 80_000, budget):
                pass
        async with receive_form(form_request(b"z" * 20_000), 80_000, budget):
            pass
    assert budget.held == 0


async def test_a_form_that_does_not_arrive_holds_its_bytes_for_so_long_only() -> None:
    budget, parts = (
        Budget(100_000),
        [b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n' + b"x" * 50_000],
    )

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": parts.pop(0), "more_body": True}

    kind = (b"content-type", b"multipart/form-data; boundary=b")
    request = Request({"type": "http", "method": "POST", "headers": [kind]}, receive)
    with pytest.raises(ValueError, match="did not arrive within"):
        async with receive_form(request, 80_000, budget, seconds=0.01):
            pass
    assert budget.held == 0
