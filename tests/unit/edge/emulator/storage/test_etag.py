"""ETags: the MD5 of small files and of the S3 protocol's, `hash-parts` of large ones."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from edge.emulator.storage.etag import PART, Md5Etag, UploadEtag
from edge.emulator.storage.files import FileStore


def etag_of(size: int, declared: int | None, piece: int = 1 << 16) -> str:
    etag, data = UploadEtag(declared), bytes(range(256)) * (size // 256 + 1)
    for start in range(0, size, piece):
        etag.update(data[start : min(start + piece, size)])
    return etag.render()


@pytest.mark.parametrize("size", [0, 1, 1 << 20, PART])
def test_an_upload_up_to_5_mb_has_its_md5(size: int) -> None:
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    expected = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'

    assert etag_of(size, size) == etag_of(size, None) == expected


@pytest.mark.parametrize(("size", "parts"), [(PART + 1, 2), (2 * PART, 2), (2 * PART + 1, 3)])
def test_a_larger_one_has_a_hash_and_its_parts(size: int, parts: int) -> None:
    known, found_out = etag_of(size, size), etag_of(size, None, 1000)

    assert known == found_out != etag_of(size - 256, None)
    digest, _, count = known.strip('"').partition("-")
    assert (len(bytes.fromhex(digest)), count) == (16, str(parts))


async def test_streamed_adopted_and_md5(tmp_path: Path) -> None:
    files, data = FileStore(tmp_path / "files", durable=False), os.urandom(2 * PART)

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    streamed = await files.write(pieces(300), len(data), UploadEtag(len(data)))
    by_s3 = await files.write(pieces(250_000), len(data))
    (tmp_path / "sent").write_bytes(data)
    adopted = await files.adopt(tmp_path / "sent", str(uuid4()))

    md5 = Md5Etag()
    md5.update(data)
    assert by_s3.etag == md5.render()
    assert streamed.etag == adopted.etag != by_s3.etag
    for each in (streamed, by_s3, adopted):
        assert (each.size, files.path(each.version).read_bytes()) == (len(data), data)
