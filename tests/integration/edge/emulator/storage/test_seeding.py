"""Files of config.toml's buckets, uploaded when a bucket is empty."""

from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from edge.emulator.storage.seeding import upload_folders
from tests.support.storage_service import Storage


async def test_an_empty_bucket_gets_the_files_of_its_folder(
    storage: Storage, tmp_path: Path
) -> None:
    await storage.create_bucket("images")
    await storage.create_bucket("one", allowed_mime_types=["image/png"])
    (tmp_path / "pictures/below").mkdir(parents=True)
    (tmp_path / "pictures/a b.png").write_bytes(b"png")
    (tmp_path / "pictures/a ü.png").write_bytes(b"no key of the platform's")
    (tmp_path / "pictures/below/c.txt").write_bytes(b"text" * 100_000)
    (tmp_path / "d.txt").write_bytes(b"d")
    folders = {
        "images": tmp_path / "pictures",
        "one": tmp_path / "d.txt",
        "gone": tmp_path / "nothing",
    }
    transport: Any = vars(storage.client)["_transport"]
    app: ASGIApp = transport.app

    notes = await upload_folders(app, storage.token or "", folders)

    assert notes[0].startswith("storage.buckets.images.objects_path: uploaded 2 of 3 files; a ü")
    assert notes[1].startswith("storage.buckets.one.objects_path: uploaded 0 of 1 files; d.txt: ")
    assert "there are no files" in notes[2]
    found = await storage("GET", "/object/images/a b.png")
    assert (found.content, found.headers["content-type"]) == (b"png", "image/png")
    assert (await storage("GET", "/object/images/below/c.txt")).status_code == 200
    await storage("DELETE", "/object/images/a b.png")
    (tmp_path / "pictures").rename(tmp_path / "moved")  # not looked at: the bucket has a file
    assert len(await upload_folders(app, storage.token or "", folders)) == 2
    assert (await storage("GET", "/object/images/a b.png")).is_error
