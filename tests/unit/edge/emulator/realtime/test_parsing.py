"""What is parsed on the event loop, and what in a process of its own."""

from collections.abc import AsyncIterator

import pytest

from edge.emulator.realtime.codec import Frame
from edge.emulator.realtime.parsing import InvalidJsonError, Parser


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    parser = Parser()
    yield parser
    parser.close()


async def test_a_dense_message_keeps_its_payload_as_text(parser: Parser) -> None:
    numbers = ",".join(["1"] * 20_000)
    frame = await parser.frame(f'["1","2","t","broadcast",{{"n": [{numbers}]}}]', "2.0.0", "me")
    assert frame == Frame("t", "broadcast", None, "2", "1", raw=f'{{"n":[{numbers}]}}')

    assert await parser.frame("[" * 100_000, "2.0.0", "me") is None


async def test_a_dense_batch_keeps_its_payloads_as_texts(parser: Parser) -> None:
    numbers = ",".join(["1"] * 20_000)
    body = f'{{"messages":[{{"topic":"t","event":"e","payload":[{numbers}]}}, 1]}}'.encode()
    assert await parser.messages(body, "me") == [
        {"topic": "t", "event": "e", "payload": f"[{numbers}]"},
        1,
    ]


@pytest.mark.parametrize("data", [b"{", b"\xff", b"NaN", b"1e999", b"[" * 100_000, b"1," * 9_000])
async def test_what_is_no_json_is_refused(parser: Parser, data: bytes) -> None:
    with pytest.raises(InvalidJsonError):
        await parser.check(data, "me")
