"""How files are written: what is held of them meanwhile, and what is left of those that fail."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from edge.emulator.storage.files import FileStore
from tests.support.waiting import wait_for


@pytest.mark.parametrize("durable", [False, True])
async def test_a_file_that_cannot_be_placed_leaves_nothing(tmp_path: Path, durable: bool) -> None:
    files, version = FileStore(tmp_path, durable=durable), str(uuid4())
    (tmp_path / version[:2]).write_bytes(b"in the way of a folder")
    with pytest.raises(FileExistsError):
        await files.place(version, b"x")
    assert not list((tmp_path / "tmp").iterdir())


async def test_pieces_of_a_byte_are_written_before_they_take_much_memory(tmp_path: Path) -> None:
    files, most = FileStore(tmp_path, durable=False), 40_000

    def written() -> int:
        return sum(file.stat().st_size for file in (tmp_path / "tmp").iterdir())

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(most):
            yield b"x"
        await asyncio.to_thread(wait_for, written)
        yield b"y"

    stored = await files.write(pieces(), most + 1)
    assert files.path(stored.version).read_bytes() == b"x" * most + b"y"
