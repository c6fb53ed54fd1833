"""Bodies that take long to parse leave the event loop to others."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from types import FrameType

import pytest

from edge.emulator.fair_turns import TooManyWaitingError
from edge.emulator.providers.body import MAX_BYTES, BodyParser
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
