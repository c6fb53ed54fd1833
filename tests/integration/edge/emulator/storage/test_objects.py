"""Objects: uploaded, read, replaced, moved, copied, removed; nothing is left of what failed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from edge.emulator.storage import uploader
from edge.emulator.storage.upload import SMALL
from tests.integration.edge.emulator.storage.conftest import LIMIT
from tests.support.storage_service import Storage, error


@pytest.fixture
async def docs(storage: Storage) -> Storage:
    await storage.create_bucket("docs")
    return storage


async def test_what_was_uploaded_is_read_back_with_its_headers(docs: Storage) -> None:
    uploaded = await docs.upload("docs/a/b c.txt", b"hello", **{"cache-control": "max-age=60"})
    answer = await docs("GET", "/object/docs/a/b c.txt?download=näme.txt")

    assert uploaded.json()["Key"] == "docs/a/b c.txt"
    assert answer.content == b"hello"
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.headers["cache-control"] == "max-age=60"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=n%C3%A4me.txt; filename*=UTF-8''n%C3%A4me.txt"
    )
    again = await docs(
        "GET", "/object/docs/a/b c.txt", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_an_object_can_be_read_while_it_is_replaced(docs: Storage) -> None:
    await docs.upload("docs/a.txt", b"0" * 1000)

    async def replace(digit: bytes) -> None:
        for _ in range(20):
            answer = await docs.upload("docs/a.txt", digit * 1000, **{"x-upsert": "true"})
            assert answer.status_code == 200

    async def read() -> None:
        for _ in range(60):
            answer = await docs("GET", "/object/docs/a.txt")
            assert answer.status_code == 200, answer.text
            assert answer.content == answer.content[:1] * 1000

    await asyncio.gather(*(replace(digit) for digit in (b"1", b"2", b"3")), read(), read())


async def test_a_bucket_that_is_created_beside_an_upload_was_missing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = uploader.read_limits

    async def look_late(context: Any, bucket_id: str) -> uploader.Limits:
        await storage.create_bucket(bucket_id)
        return await look(context, bucket_id)

    monkeypatch.setattr(uploader, "read_limits", look_late)
    first, second = [await storage.upload("new/a.txt", b"a") for _ in range(2)]

    assert error(first)[1] == "NoSuchBucket"
    assert second.status_code == 200


async def test_a_form_as_the_clients_send_it(docs: Storage) -> None:
    form: dict[str, Any] = {"cacheControl": "3600", "metadata": json.dumps({"colour": "red"})}
    answer = await docs(
        "POST", "/object/docs/f.png", data=form, files={"": ("f.png", b"png", "image/png")}
    )
    about = (await docs("GET", "/object/info/docs/f.png")).json()

    assert answer.status_code == 200, answer.text
    assert (about["content_type"], about["cache_control"]) == ("image/png", "max-age=3600")
    assert (about["size"], about["metadata"]) == (3, {"colour": "red"})


async def test_the_same_name_needs_upsert_and_the_old_file_goes(docs: Storage) -> None:
    await docs.upload("docs/a.txt", b"old")
    refused = await docs.upload("docs/a.txt", b"new")
    replaced = await docs.upload("docs/a.txt", b"new", **{"x-upsert": "true"})

    assert error(refused) == (400, "KeyAlreadyExists", "409")
    assert replaced.status_code == 200
    assert (await docs("GET", "/object/docs/a.txt")).content == b"new"
    assert len(docs.files()) == 1


@pytest.mark.parametrize("size", [0, SMALL, SMALL + 1, 2 * SMALL])
async def test_small_and_large_bodies_are_stored_whole(docs: Storage, size: int) -> None:
    data = bytes(number % 251 for number in range(size))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 100_000):
            yield data[start : start + 100_000]

    headers = {"content-type": "text/plain"}
    declared = await docs.upload("docs/declared", data)
    chunked = await docs("POST", "/object/docs/chunked", content=pieces(), headers=headers)
    form = await docs("POST", "/object/docs/form", files={"": ("f", data, "text/plain")})

    assert [each.status_code for each in (declared, chunked, form)] == [200, 200, 200]
    for name in ("declared", "chunked", "form"):
        assert (await docs("GET", f"/object/docs/{name}")).content == data
    assert len(docs.files()) == 3


@pytest.mark.parametrize("version", ["null", "'no file'"])
async def test_a_row_made_by_sql_is_replaced(docs: Storage, version: str) -> None:
    row = f"('docs', 'a.txt', {version}, '[1]')"
    columns = "bucket_id, name, version, metadata"
    docs.execute(f"insert into storage.objects ({columns}) values {row}")
    answer = await docs.upload("docs/a.txt", b"new", **{"x-upsert": "true"})

    assert answer.status_code == 200, answer.text
    assert (await docs("GET", "/object/docs/a.txt")).content == b"new"


_END_SESSION = """
create function public.end_session() returns trigger language plpgsql security definer as
  $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
create constraint trigger broken after insert on storage.objects deferrable initially deferred
  for each row execute function public.end_session()"""


@pytest.mark.parametrize("size", [1, SMALL + 1])
async def test_a_file_whose_commit_breaks_off_stays_as_its_row_may_be_there(
    docs: Storage, size: int
) -> None:
    docs.execute(_END_SESSION)
    answer = await docs.upload("docs/a.txt", bytes(size))

    assert answer.status_code >= 500, answer.text
    assert [path.stat().st_size for path in docs.files()] == [size]


async def test_many_uploads_of_one_name_leave_one_whole_object(docs: Storage) -> None:
    bodies = [bytes([65 + number]) * 300_000 for number in range(6)]
    await asyncio.gather(*(docs.upload("docs/a", body, **{"x-upsert": "true"}) for body in bodies))

    assert (await docs("GET", "/object/docs/a")).content in bodies
    assert len(docs.files()) == 1


async def test_an_upload_that_stops_or_is_too_large_leaves_nothing(docs: Storage) -> None:
    async def stopping() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        raise ConnectionError

    async def large() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 65536 + 1):
            yield b"x" * 65536

    await docs("POST", "/object/docs/a", content=stopping())
    answer = await docs("POST", "/object/docs/a", content=large())

    assert error(answer) == (400, "EntityTooLarge", "413")
    assert docs.files() == []
    assert list((docs.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("header", "status", "content", "span"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("lines=1", 200, b"0123456789", None),
    ],
)
async def test_ranges(
    docs: Storage, header: str, status: int, content: bytes, span: str | None
) -> None:
    await docs.upload("docs/n", b"0123456789")
    answer = await docs("GET", "/object/docs/n", headers={"range": header})

    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == span


async def test_a_range_beyond_the_end_is_refused(docs: Storage) -> None:
    await docs.upload("docs/n", b"0123456789")
    answer = await docs("GET", "/object/docs/n", headers={"range": "bytes=10-"})

    assert error(answer) == (400, "InvalidRange", "400")


async def test_a_move_keeps_the_file_and_a_copy_has_its_own(docs: Storage) -> None:
    await docs.create_bucket("other")
    await docs.upload("docs/a.txt")
    moved = await docs(
        "POST",
        "/object/move",
        json={"bucketId": "docs", "sourceKey": "a.txt", "destinationKey": "b/a.txt"},
    )
    copy = {"bucketId": "docs", "sourceKey": "b/a.txt", "destinationKey": "a.txt"}
    copied = await docs("POST", "/object/copy", json={**copy, "destinationBucket": "other"})
    await docs("DELETE", "/object/docs/b/a.txt")

    assert moved.json() == {"message": "Successfully moved"}
    assert copied.json()["Key"] == "other/a.txt"
    assert (await docs("GET", "/object/other/a.txt")).content == b"hello world"
    assert error(await docs("POST", "/object/copy", json=copy)) == (400, "NoSuchKey", "404")


@pytest.mark.parametrize(
    "name",
    ["%2e%2e/%2e%2e/etc/passwd", "a/%2e%2e/b", "ä.txt", "a%5Cb", "%00", "x" * 1025, "a%0Ab", "%FF"],
)
async def test_no_name_reaches_the_disk(docs: Storage, name: str) -> None:
    answer = await docs("POST", f"/object/docs/{name}", content=b"x")
    inside = all(path.is_relative_to(docs.folder) for path in docs.files())

    assert answer.status_code in {200, 400, 404}
    assert inside
    assert all(len(path.name) == 36 for path in docs.files())


async def test_folders_are_listed_as_entries_without_id(docs: Storage) -> None:
    for name in ("a.txt", "f/b.txt", "f/c.txt", "g/h/d.txt"):
        await docs.upload(f"docs/{name}")

    top = (await docs("POST", "/object/list/docs", json={"prefix": ""})).json()
    inner = (await docs("POST", "/object/list/docs", json={"prefix": "f"})).json()

    assert [(each["name"], each["id"] is None) for each in top] == [
        ("a.txt", False),
        ("f", True),
        ("g", True),
    ]
    assert [each["name"] for each in inner] == ["b.txt", "c.txt"]


@pytest.mark.parametrize("column", ["name", "created_at"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_of_list_v2_hold_each_object_once(
    docs: Storage, column: str, order: str
) -> None:
    names = [f"{number:02}.txt" for number in range(7)]
    for name in names:
        await docs.upload(f"docs/{name}")
    seen: list[str] = []
    body: dict[str, Any] = {"prefix": "", "limit": 3, "sortBy": {"column": column, "order": order}}
    while True:
        page = (await docs("POST", "/object/list-v2/docs", json=body)).json()
        seen += [each["name"] for each in page["objects"]]
        if not page["hasNext"]:
            break
        body["cursor"] = page["nextCursor"]

    assert seen == (names if order == "asc" else names[::-1])


async def test_several_are_removed_at_once(docs: Storage) -> None:
    for name in ("a", "b", "c"):
        await docs.upload(f"docs/{name}")
    answer = await docs("DELETE", "/object/docs", json={"prefixes": ["a", "b", "nothing"]})

    assert sorted(each["name"] for each in answer.json()) == ["a", "b"]
    assert len(docs.files()) == 1
