"""Bodies in aws-chunked encoding: AWS's own example, and what is refused."""

import base64
import zlib
from collections.abc import AsyncIterator

import pytest

from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.s3.chunked import ChunkedBody
from edge.emulator.storage.s3.signature import Signature

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
CHUNKS = b"".join(
    f"{size:x};chunk-signature={signature}\r\n".encode() + b"a" * size + b"\r\n"
    for size, signature in zip((65536, 1024, 0), SIGNATURES, strict=True)
)


async def read(data: bytes, payload: str, trailer: str = "", declared: int | None = None) -> bytes:
    async def source() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    signature = Signature(
        access_key="AKIAIOSFODNN7EXAMPLE",
        day="20130524",
        region="us-east-1",
        service="s3",
        date="20130524T000000Z",
        signed_headers=(),
        signature=SEED,
        payload=payload,
        session_token="",
    )
    body = ChunkedBody(source(), signature, signature.key(SECRET), trailer, declared)
    return b"".join([piece async for piece in body.read()])


async def test_the_documentations_example_is_verified() -> None:
    assert await read(CHUNKS, SIGNED, declared=66560) == b"a" * 66560


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (CHUNKS.replace(b"aaaa\r\n0;", b"aaab\r\n0;"), "SignatureDoesNotMatch"),
        (CHUNKS.replace(b"ad80", b"ad81"), "SignatureDoesNotMatch"),
        (CHUNKS[:-90], "IncompleteBody"),
        (CHUNKS.replace(b";chunk-signature=ad80", b";chunk-signatur=ad80"), "IncompleteBody"),
        (b"x" * 20_000, "IncompleteBody"),
        (b"", "IncompleteBody"),
    ],
)
async def test_altered_and_broken_bodies_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(StorageError) as refused:
        await read(data, SIGNED)
    assert refused.value.code == code


async def test_trailing_checksums_are_compared() -> None:
    name = "x-amz-checksum-crc32"
    sum_ = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
    good = f"5\r\nhello\r\n0\r\n{name}:{sum_}\r\n\r\n".encode()
    assert await read(good, UNSIGNED, name, 5) == b"hello"

    for data, code in (
        (good.replace(b"hello", b"hallo"), "BadDigest"),
        (b"5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
        (b"6\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    ):
        with pytest.raises(StorageError) as refused:
            await read(data, UNSIGNED, name, 5)
        assert refused.value.code == code
