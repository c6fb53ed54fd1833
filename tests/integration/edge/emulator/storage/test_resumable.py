"""Resumable uploads by TUS 1.0.0: parts, offsets, rights, and a restart in between."""

import base64
from pathlib import Path

import httpx
import pytest

from edge.emulator.storage.app import create_storage_app
from edge.emulator.storage.config import StorageConfig
from edge.emulator.storage.database import create_pool
from edge.tokens import Keys
from tests.support.storage_service import SECRET, Storage

PART = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}


@pytest.fixture
async def docs(storage: Storage) -> Storage:
    await storage.create_bucket("docs")
    return storage


def metadata(**fields: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in fields.items())


async def create(docs: Storage, name: str, length: int, **headers: str) -> httpx.Response:
    about = metadata(bucketName="docs", objectName=name, contentType="text/plain")
    return await docs(
        "POST",
        "/upload/resumable",
        headers={
            "tus-resumable": "1.0.0",
            "upload-length": str(length),
            "upload-metadata": about,
            **headers,
        },
    )


async def append(docs: Storage, location: str, offset: int, data: bytes) -> httpx.Response:
    path = location.removeprefix("/storage/v1")
    return await docs("PATCH", path, content=data, headers={**PART, "upload-offset": str(offset)})


async def test_parts_become_one_object(docs: Storage) -> None:
    location = (await create(docs, "a.txt", 11)).headers["location"]
    first = await append(docs, location, 0, b"hello ")
    wrong = await append(docs, location, 3, b"xx")
    last = await append(docs, location, 6, b"world")

    assert (first.status_code, first.headers["upload-offset"]) == (204, "6")
    assert (wrong.status_code, wrong.text) == (409, "Upload-Offset conflict\n")
    assert last.headers["upload-offset"] == "11"
    assert (await docs("GET", "/object/docs/a.txt")).content == b"hello world"


async def test_an_upload_goes_on_after_a_restart(docs: Storage, tmp_path: Path) -> None:
    location = (await create(docs, "a.txt", 11)).headers["location"]
    await append(docs, location, 0, b"hello ")

    dsn = docs.dsn.replace("user=postgres", "user=supabase_storage_admin")
    pool = create_pool(dsn)
    app = create_storage_app(pool, StorageConfig(Keys(SECRET), docs.folder, durable=False))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://storage") as client:
        restarted = Storage(client, docs.dsn, tmp_path, docs.token)
        path = location.removeprefix("/storage/v1")
        head = await restarted("HEAD", path, headers={"tus-resumable": "1.0.0"})
        await append(restarted, location, 6, b"world")
    await pool.close()

    assert head.headers["upload-offset"] == "6"
    assert (await docs("GET", "/object/docs/a.txt")).content == b"hello world"


async def test_more_than_was_declared_is_refused(docs: Storage) -> None:
    location = (await create(docs, "a.txt", 5)).headers["location"]
    answer = await append(docs, location, 0, b"hello world")

    assert answer.status_code == 413


async def test_rights_are_asked_for_each_upload(docs: Storage) -> None:
    answer = await create(docs.as_user(None), "a.txt", 5)

    assert (answer.status_code, answer.text) == (
        403,
        "new row violates row-level security policy",
    )


@pytest.mark.parametrize("upload_id", ["nope", "bm9wZQ", "..%2F..%2Fx", "YS9iLy4uLy4uL2V0Yw"])
async def test_an_unknown_upload(docs: Storage, upload_id: str) -> None:
    answer = await docs(
        "HEAD", f"/upload/resumable/{upload_id}", headers={"tus-resumable": "1.0.0"}
    )

    assert answer.status_code in {400, 404}


async def test_a_terminated_upload_is_gone(docs: Storage) -> None:
    location = (await create(docs, "a.txt", 5)).headers["location"]
    path = location.removeprefix("/storage/v1")
    version = {"tus-resumable": "1.0.0"}

    assert (await docs("DELETE", path, headers=version)).status_code == 204
    assert (await docs("HEAD", path, headers=version)).status_code == 404
    assert list((docs.folder / "resumable").iterdir()) == []
