"""Buckets: created, listed, changed, emptied, deleted, and their limits."""

import json

import pytest

from tests.support.storage_service import Storage, error


async def test_a_bucket_is_created_shown_changed_and_deleted(storage: Storage) -> None:
    await storage.create_bucket("docs", public=False, file_size_limit="20kb")
    shown = (await storage("GET", "/bucket/docs")).json()
    changed = await storage("PUT", "/bucket/docs", json={"public": True})
    listed = (await storage("GET", "/bucket")).json()
    deleted = await storage("DELETE", "/bucket/docs")

    assert (shown["id"], shown["public"], shown["file_size_limit"]) == ("docs", False, 20_000)
    assert changed.json() == {"message": "Successfully updated"}
    assert [(each["name"], each["public"]) for each in listed] == [("docs", True)]
    assert deleted.json() == {"message": "Successfully deleted"}
    assert error(await storage("GET", "/bucket/docs")) == (400, "NoSuchBucket", "404")


async def test_a_bucket_with_objects_is_deleted_only_after_it_was_emptied(storage: Storage) -> None:
    await storage.create_bucket("docs")
    await storage.upload("docs/a.txt")

    assert error(await storage("DELETE", "/bucket/docs")) == (400, "ResourceNotEmpty", "409")
    assert (await storage("POST", "/bucket/docs/empty")).status_code == 200
    assert storage.files() == []
    assert (await storage("DELETE", "/bucket/docs")).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidRequest"),
        ({"name": "a/b"}, "InvalidBucketName"),
        ({"name": "x" * 101}, "InvalidBucketName"),
        ({"name": "a", "file_size_limit": "20 bananas"}, "InvalidRequest"),
        ({"name": "a", "file_size_limit": 2**40}, "EntityTooLarge"),
        ({"name": "a", "allowed_mime_types": "text/plain"}, "InvalidRequest"),
        ({"name": "a\ud800"}, "InvalidBucketName"),
    ],
)
async def test_an_invalid_bucket(storage: Storage, body: dict[str, object], code: str) -> None:
    answer = await storage("POST", "/bucket", content=json.dumps(body))

    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_only_who_may_insert_buckets_creates_one(storage: Storage) -> None:
    answer = await storage.as_user(None)("POST", "/bucket", json={"name": "mine"})

    assert error(answer) == (400, "AccessDenied", "403")


async def test_limits_of_a_bucket_hold_for_size_and_type(storage: Storage) -> None:
    await storage.create_bucket("small", file_size_limit=20, allowed_mime_types=["image/*"])

    too_large = await storage.upload("small/a.png", b"x" * 21, "image/png")
    wrong = await storage.upload("small/a.txt", b"x", "text/plain")
    fits = await storage.upload("small/b.png", b"x" * 20, "image/png; q=1")

    assert error(too_large) == (400, "EntityTooLarge", "413")
    assert error(wrong) == (400, "InvalidMimeType", "415")
    assert fits.status_code == 200
    assert len(storage.files()) == 1


async def test_a_search_takes_its_text_as_it_is(storage: Storage) -> None:
    for name in ("a_b", "axb"):
        await storage.create_bucket(name)
    found = (await storage("GET", "/bucket?search=A_b")).json()
    assert [bucket["name"] for bucket in found] == ["a_b"]
    assert (await storage("GET", "/version")).text
