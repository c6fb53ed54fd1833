"""Compressed bodies: decoded up to the limit, refused when broken or of another encoding."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import Request

from shared.errors import FunctionError
from shared.http.body import read_bytes

TEXT = b'{"text": "' + bytes(range(32, 127)) * 40 + b'"}'


def deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def request(encoding: str, chunks: Iterable[bytes]) -> Request:
    events = iter([*chunks, b""])

    async def receive() -> dict[str, Any]:
        chunk = next(events)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    headers = [(b"content-encoding", encoding.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def refusal(encoding: str, body: bytes, limit: int = 1 << 20) -> tuple[int, str]:
    with pytest.raises(FunctionError) as caught:
        await read_bytes(request(encoding, [body]), limit)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("GZIP ", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", deflate_raw(TEXT)),
        ("identity", TEXT),
        ("", TEXT),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_a_known_encoding_is_decoded(encoding: str, encoded: bytes, size: int) -> None:
    chunks = [encoded[n : n + size] for n in range(0, len(encoded), size)]

    assert await read_bytes(request(encoding, chunks)) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x"])
async def test_another_encoding_is_415(encoding: str) -> None:
    assert await refusal(encoding, TEXT) == (415, "UNSUPPORTED_CONTENT_ENCODING")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize(
    "spoil",
    [lambda b: b[:-5], lambda b: b + b"more", lambda b: b"\x00" + b, lambda _: b""],
    ids=["cut", "more", "spoiled", "empty"],
)
async def test_a_broken_body_is_400(encoding: str, spoil: Any) -> None:
    encoded = gzip.compress(TEXT) if encoding == "gzip" else zlib.compress(TEXT)

    assert await refusal(encoding, spoil(encoded)) == (400, "INVALID_ENCODING")


async def test_a_bomb_is_413_and_takes_no_memory() -> None:
    bomb = gzip.compress(b"\x00" * (200 << 20), 1)
    tracemalloc.start()
    answer = await refusal("gzip", bomb, limit=1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer == (413, "BODY_TOO_LARGE")
    assert peak < 8 << 20
