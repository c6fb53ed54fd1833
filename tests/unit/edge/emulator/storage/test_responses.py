"""Answers with an object's bytes, beside a store of files."""

from pathlib import Path
from uuid import uuid4

import pytest
from starlette.requests import Request

from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.files import FileStore
from edge.emulator.storage.responses import serve_current
from edge.emulator.storage.rows import Row


@pytest.mark.parametrize(
    ("range_header", "code", "finds"),
    [("bytes=10-", "InvalidRange", 1), ("bytes=0-", "FileMissing", 2)],
)
async def test_only_a_missing_file_is_found_again(
    tmp_path: Path, range_header: str, code: str, finds: int
) -> None:
    version, found = str(uuid4()), []
    store = FileStore(tmp_path, durable=False)
    if code != "FileMissing":
        store.path(version).parent.mkdir(parents=True, exist_ok=True)
        store.path(version).write_bytes(b"short")

    async def find() -> Row:
        found.append(version)
        return {"version": version, "metadata": None, "updated_at": "2030-01-01T00:00:00+00:00"}

    headers = [(b"range", range_header.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    with pytest.raises(StorageError) as refused:
        await serve_current(Request(scope), find, store)

    assert (refused.value.code, len(found)) == (code, finds)
