"""Policies on storage.objects decide each verb, for two users and an anonymous caller."""

from typing import Any

import pytest

from tests.support.storage_service import ANN, BOB, Storage, error

OWN_FOLDER = "(storage.foldername(name))[1] = auth.uid()::text"
POLICIES = f"""
create policy "read own" on storage.objects for select to authenticated
  using (bucket_id = 'photos' and {OWN_FOLDER});
create policy "add own" on storage.objects for insert to authenticated
  with check (bucket_id = 'photos' and {OWN_FOLDER});
create policy "change own" on storage.objects for update to authenticated
  using (bucket_id = 'photos' and {OWN_FOLDER});
create policy "remove own" on storage.objects for delete to authenticated
  using (bucket_id = 'photos' and {OWN_FOLDER});
"""
KEY = f"photos/{ANN}/a.txt"


@pytest.fixture
async def photos(storage: Storage) -> Storage:
    """A private bucket with an object of Ann's."""
    await storage.create_bucket("photos")
    storage.execute(POLICIES)
    answer = await storage.as_user(ANN).upload(KEY)
    assert answer.status_code == 200, answer.text
    return storage


def requests() -> list[tuple[str, str, dict[str, Any]]]:
    there = f"{ANN}/a.txt"
    return [
        ("GET", f"/object/{KEY}", {}),
        ("GET", f"/object/authenticated/{KEY}", {}),
        ("GET", f"/object/info/{KEY}", {}),
        ("GET", f"/render/image/authenticated/{KEY}", {}),
        ("POST", f"/object/{KEY}", {"content": b"x", "headers": {"x-upsert": "true"}}),
        ("PUT", f"/object/{KEY}", {"content": b"x"}),
        ("POST", f"/object/photos/{ANN}/new.txt", {"content": b"x"}),
        ("DELETE", f"/object/{KEY}", {}),
        ("POST", f"/object/sign/{KEY}", {"json": {"expiresIn": 60}}),
        ("POST", f"/object/upload/sign/photos/{ANN}/new.txt", {}),
        (
            "POST",
            "/object/move",
            {"json": {"bucketId": "photos", "sourceKey": there, "destinationKey": f"{BOB}/a.txt"}},
        ),
        (
            "POST",
            "/object/copy",
            {"json": {"bucketId": "photos", "sourceKey": there, "destinationKey": f"{BOB}/a.txt"}},
        ),
        ("POST", "/bucket/photos/empty", {}),
        ("GET", "/bucket/photos", {}),
    ]


@pytest.mark.parametrize("user", [BOB, None])
@pytest.mark.parametrize(("method", "path", "options"), requests())
async def test_another_user_gets_and_changes_nothing(
    photos: Storage, user: str | None, method: str, path: str, options: dict[str, Any]
) -> None:
    answer = await photos.as_user(user)(method, path, **options)

    assert answer.status_code == 400, answer.text
    assert (await photos.as_user(ANN)("GET", f"/object/{KEY}")).content == b"hello world"
    assert len(photos.files()) == 1


async def test_lists_hold_only_what_may_be_read(photos: Storage) -> None:
    body = {"prefix": ANN}
    names = [
        [each["name"] for each in answer.json()]
        for answer in (
            await photos.as_user(ANN)("POST", "/object/list/photos", json=body),
            await photos.as_user(BOB)("POST", "/object/list/photos", json=body),
        )
    ]

    assert names == [["a.txt"], []]


async def test_bulk_removal_leaves_out_what_is_not_ones_own(photos: Storage) -> None:
    bulk = {"prefixes": [f"{ANN}/a.txt"]}

    assert (await photos.as_user(BOB)("DELETE", "/object/photos", json=bulk)).json() == []
    assert len((await photos.as_user(ANN)("DELETE", "/object/photos", json=bulk)).json()) == 1


async def test_a_public_bucket_is_read_without_a_token_and_a_private_one_is_not(
    photos: Storage,
) -> None:
    await photos.create_bucket("open", public=True)
    await photos.upload("open/a.txt")
    anybody = photos.without_token()

    assert (await anybody("GET", "/object/public/open/a.txt")).content == b"hello world"
    assert error(await anybody("GET", f"/object/public/{KEY}"))[1] == "NoSuchBucket"
    assert error(await anybody("GET", f"/object/{KEY}"))[1] == "NoSuchBucket"


async def test_who_may_only_insert_uploads_and_does_not_read(storage: Storage) -> None:
    await storage.create_bucket("inbox")
    storage.execute(
        "create policy add on storage.objects for insert to authenticated"
        " with check (bucket_id = 'inbox')"
    )
    ann = storage.as_user(ANN)

    assert (await ann.upload("inbox/a.txt")).status_code == 200
    assert error(await ann("GET", "/object/inbox/a.txt"))[1] == "NoSuchKey"


async def test_the_owner_is_the_token_s_subject(photos: Storage) -> None:
    copied = {"bucketId": "photos", "sourceKey": f"{ANN}/a.txt", "destinationKey": f"{ANN}/b.txt"}
    made = (await photos.as_user(ANN)("POST", "/object/copy", json=copied)).json()

    assert (made["owner"], made["owner_id"]) == (ANN, ANN)


async def test_rows_are_not_deleted_by_sql(photos: Storage) -> None:
    import psycopg

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Use the Storage API"):
        photos.execute("delete from storage.objects")


@pytest.mark.parametrize(
    "text", ["it's", "a\\b'", "'; set role postgres; --", "$$ $1 %s {}", "\\' or true --"]
)
async def test_policies_read_headers_and_the_operation_as_they_were_sent(
    storage: Storage, text: str
) -> None:
    await storage.create_bucket("notes")
    literal = text.replace("'", "''")
    storage.execute(
        'create policy "as sent" on storage.objects for insert to authenticated with check ('
        f" current_setting('request.headers')::json ->> 'x-note' = '{literal}'"
        " and storage.operation() = 'storage.object.upload')"
    )
    ann = storage.as_user(ANN)
    options: dict[str, Any] = {"content": b"x", "headers": {"x-note": text}}

    assert (await ann("POST", "/object/notes/a.txt", **options)).status_code == 200
    other = await ann("POST", "/object/notes/b.txt", content=b"x", headers={"x-note": "other"})
    assert error(other)[1] == "AccessDenied"
