"""Files that fail to be stored leave no parts of themselves."""

from pathlib import Path
from uuid import uuid4

import pytest

from edge.emulator.storage.files import FileStore


@pytest.mark.parametrize("durable", [False, True])
async def test_a_file_that_cannot_be_placed_leaves_nothing(tmp_path: Path, durable: bool) -> None:
    files, version = FileStore(tmp_path, durable=durable), str(uuid4())
    (tmp_path / version[:2]).write_bytes(b"in the way of a folder")
    with pytest.raises(FileExistsError):
        await files.place(version, b"x")
    assert not list((tmp_path / "tmp").iterdir())
