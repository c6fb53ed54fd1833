"""Saving, clearing and discarding through HTTP, with real files, on the whole stack."""

import threading
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.media_assets import (
    DrawnAsset,
    add_assets,
    delete_file,
    draw,
    put_file,
    read_file,
)
from tests.support.media_users import MediaUser, create_media_user

pytestmark = pytest.mark.e2e


@pytest.fixture
def user(stack: RunningStack) -> MediaUser:
    return create_media_user(stack)


def act(user: MediaUser, action: str, **fields: Any) -> httpx.Response:
    return user.call("workspace-actions", {"action": action, **fields})


def library(user: MediaUser) -> list[tuple[Any, ...]]:
    return user.rows(
        "select id::text, source_asset_id::text, storage_path, thumbnail_path, custom_title, tags,"
        " file_size_bytes from user_library where user_id = %s order by storage_path",
        user.id,
    )


def workspace(user: MediaUser) -> set[str]:
    query = "select id::text from workspace_assets where user_id = %s"
    return {row[0] for row in user.rows(query, user.id)}


def is_in_workspace(user: MediaUser, asset: DrawnAsset) -> bool:
    return read_file(user.stack, "workspace-temp", asset.path) == asset.content


def test_an_asset_is_saved_and_stays(user: MediaUser) -> None:
    [asset] = add_assets(user)

    answer = act(user, "save_to_library", assetId=asset.id, customTitle="Fox", tags=["red", "dusk"])

    [(item, source, path, thumbnail, title, tags, size)] = library(user)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True, "libraryAssetId": item, "message": "Asset saved to library",
    }  # fmt: skip
    assert (source, title, tags, size) == (asset.id, "Fox", ["red", "dusk"], len(asset.content))
    assert path == f"{user.id}/{asset.id}.png"
    assert read_file(user.stack, "user-library", path) == asset.content
    assert read_file(user.stack, "user-library", thumbnail)
    assert workspace(user) == {asset.id}
    assert is_in_workspace(user, asset)


def test_saving_twice_makes_one_row(user: MediaUser) -> None:
    [asset] = add_assets(user)

    answers = [act(user, "save_to_library", assetId=asset.id).json() for _ in range(2)]

    assert answers[0]["libraryAssetId"] == answers[1]["libraryAssetId"]
    assert answers[1]["message"] == "Asset was saved before"
    assert len(library(user)) == 1


@pytest.mark.parametrize("action", ["save_to_library", "clear_asset"])
def test_two_clicks_at_once_save_once(user: MediaUser, action: str) -> None:
    [asset] = add_assets(user)
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(act(user, action, assetId=asset.id)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [(item, _, path, *_)] = library(user)
    assert read_file(user.stack, "user-library", path) == asset.content
    for answer in answers:
        assert answer.status_code in ({200} if action == "save_to_library" else {200, 404})
        assert answer.json().get("libraryAssetId", item) == item


def test_a_cleared_asset_is_in_the_library_only(user: MediaUser) -> None:
    [asset] = add_assets(user)

    answer = act(user, "clear_asset", assetId=asset.id)

    assert answer.status_code == 200
    assert workspace(user) == set()
    assert not is_in_workspace(user, asset)
    assert not read_file(user.stack, "workspace-temp", asset.thumbnail)
    [(item, _, path, *_)] = library(user)
    assert answer.json()["libraryAssetId"] == item
    assert read_file(user.stack, "user-library", path) == asset.content
    assert act(user, "clear_asset", assetId=asset.id).status_code == 404


def test_a_batch_of_one_seed_is_kept_whole(user: MediaUser) -> None:
    assets = add_assets(user, 6)

    answer = act(user, "clear_job", jobId=assets[0].job_id).json()

    assert (answer["assetsProcessed"], answer["newSaves"]) == (6, 6)
    saved = {read_file(user.stack, "user-library", row[2]) for row in library(user)}
    assert saved == {asset.content for asset in assets}
    assert workspace(user) == set()
    assert act(user, "clear_job", jobId=assets[0].job_id).status_code == 404


def test_one_broken_copy_loses_nothing(user: MediaUser) -> None:
    assets = [*add_assets(user, 2), *add_assets(user, 2)]
    broken = assets[1]
    delete_file(user.stack, "workspace-temp", broken.path)

    answer = act(user, "clear_workspace")

    body = answer.json()
    assert answer.status_code == 502
    assert body["success"] is False
    assert (body["assetsProcessed"], body["newSaves"]) == (3, 3)
    assert [error["assetId"] for error in body["errors"]] == [broken.id]
    assert body["errors"][0]["code"] == "FILE_MISSING"
    assert workspace(user) == {broken.id}
    saved = {read_file(user.stack, "user-library", row[2]) for row in library(user)}
    assert saved == {asset.content for asset in assets if asset is not broken}

    put_file(user.stack, "workspace-temp", broken.path, broken.content, "image/png")
    assert act(user, "clear_workspace").status_code == 200
    assert len(library(user)) == 4


def test_an_asset_whose_copy_was_lost_is_not_deleted_unsaved(user: MediaUser) -> None:
    [asset] = add_assets(user)
    act(user, "save_to_library", assetId=asset.id)
    [(_, _, path, *_)] = library(user)
    delete_file(user.stack, "user-library", path)

    answer = act(user, "clear_workspace")

    assert answer.status_code == 200
    assert answer.json()["newSaves"] == 0
    assert read_file(user.stack, "user-library", path) == asset.content


def test_without_the_bucket_nothing_is_deleted(user: MediaUser) -> None:
    [asset] = add_assets(user)
    rename = "update storage.buckets set id = %s, name = %s where id = %s"
    with psycopg.connect(user.stack.dsn, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(rename, ("gone", "gone", "user-library"))
        try:
            answer = act(user, "clear_workspace")
        finally:
            connection.execute(rename, ("user-library", "user-library", "gone"))

    assert answer.status_code == 502
    assert answer.json()["errors"][0]["assetId"] == asset.id
    assert workspace(user) == {asset.id}
    assert is_in_workspace(user, asset)


def test_an_empty_workspace_is_cleared(user: MediaUser) -> None:
    answer = act(user, "clear_workspace").json()

    assert (answer["success"], answer["assetsProcessed"], answer["newSaves"]) == (True, 0, 0)


def test_a_full_library_is_said_so_and_nothing_is_deleted(user: MediaUser) -> None:
    [asset] = add_assets(user)
    with psycopg.connect(user.stack.dsn) as connection:
        connection.execute(
            "insert into user_library (user_id, asset_type, storage_path, file_size_bytes,"
            " mime_type, original_prompt, model_used) values (%s, 'image', %s, %s,"
            " 'image/png', '', '')",
            (user.id, f"{user.id}/big.png", 5120 << 20),
        )

    saved = act(user, "save_to_library", assetId=asset.id)
    cleared = act(user, "clear_workspace")

    assert (saved.status_code, saved.json()["code"]) == (409, "LIBRARY_FULL")
    assert (cleared.status_code, cleared.json()["errors"][0]["code"]) == (409, "LIBRARY_FULL")
    assert is_in_workspace(user, asset)
    item = next(row[0] for row in library(user))
    assert act(user, "delete_from_library", libraryAssetId=item).status_code == 200
    assert act(user, "save_to_library", assetId=asset.id).status_code == 200


def test_a_discarded_asset_is_gone_and_may_be_discarded_again(user: MediaUser) -> None:
    [asset] = add_assets(user)

    answers = [act(user, "discard_asset", assetId=asset.id) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert workspace(user) == set()
    assert not is_in_workspace(user, asset)
    assert library(user) == []


def test_a_library_item_is_copied_back_once(user: MediaUser) -> None:
    [asset] = add_assets(user)
    item = act(user, "clear_asset", assetId=asset.id).json()["libraryAssetId"]

    copied = [act(user, "copy_to_workspace", libraryAssetId=item) for _ in range(2)]

    ids = {answer.json()["workspaceAssetId"] for answer in copied}
    assert [answer.status_code for answer in copied] == [200, 200]
    assert workspace(user) == ids
    [(path, source)] = user.rows(
        "select a.temp_storage_path, j.metadata ->> 'source' from workspace_assets a"
        " join jobs j on j.id = a.job_id where a.user_id = %s and j.status = 'completed'",
        user.id,
    )
    assert source == "library_copy"
    assert read_file(user.stack, "workspace-temp", path) == asset.content
    act(user, "discard_asset", assetId=ids.pop())
    assert act(user, "copy_to_workspace", libraryAssetId=item).json()["success"]
    assert len(workspace(user)) == 1


def test_a_collection_must_be_the_users(stack: RunningStack, user: MediaUser) -> None:
    other = create_media_user(stack)
    [asset] = add_assets(user)
    add = "insert into user_collections (user_id, name) values (%s, 'c') returning id::text"
    with psycopg.connect(stack.dsn) as connection:
        own = connection.execute(add, (user.id,)).fetchone()[0]  # type: ignore[index]
        foreign = connection.execute(add, (other.id,)).fetchone()[0]  # type: ignore[index]

    refused = act(user, "save_to_library", assetId=asset.id, collectionId=foreign)
    saved = act(user, "save_to_library", assetId=asset.id, collectionId=own)

    assert (refused.status_code, refused.json()["code"]) == (404, "COLLECTION_NOT_FOUND")
    assert saved.status_code == 200
    assert user.rows("select asset_count from user_collections where id = %s", own) == [(1,)]


def test_another_users_everything_is_not_found(stack: RunningStack, user: MediaUser) -> None:
    other = create_media_user(stack)
    admin = create_media_user(stack, role="admin")
    kept, saved = add_assets(other, 2)
    item = act(other, "clear_asset", assetId=saved.id).json()["libraryAssetId"]
    for stranger in (user, admin):
        assert act(stranger, "save_to_library", assetId=kept.id).status_code == 404
        assert act(stranger, "clear_asset", assetId=kept.id).status_code == 404
        assert act(stranger, "clear_job", jobId=kept.job_id).status_code == 404
        assert act(stranger, "copy_to_workspace", libraryAssetId=item).status_code == 404
        assert act(stranger, "delete_from_library", libraryAssetId=item).status_code == 404
        assert act(stranger, "discard_asset", assetId=kept.id).status_code == 200
        assert act(stranger, "clear_workspace").json()["assetsProcessed"] == 0
        assert library(stranger) == []

    assert workspace(other) == {kept.id}
    assert is_in_workspace(other, kept)
    assert len(library(other)) == 1


def test_expired_assets_are_reaped_with_their_files(stack: RunningStack, user: MediaUser) -> None:
    [old] = add_assets(user, expired=True)
    [new] = add_assets(user)

    answer = stack.call("workspace-actions", {"action": "reap_expired"}).json()

    assert answer["reaped"] >= 1
    assert workspace(user) == {new.id}
    assert not is_in_workspace(user, old)
    assert not read_file(stack, "workspace-temp", old.thumbnail)
    assert is_in_workspace(user, new)


def test_copies_of_references_are_reaped_when_no_job_needs_them(
    stack: RunningStack, user: MediaUser
) -> None:
    ended, waiting = str(uuid4()), str(uuid4())
    with psycopg.connect(stack.dsn) as connection:
        for job_id, status in ((ended, "cancelled"), (waiting, "queued")):
            connection.execute(
                "insert into jobs (id, user_id, job_type, format, quality, original_prompt, status,"
                " completed_at) values (%s, %s, 'sdxl_image_high', 'image', 'high', 'a fox', %s,"
                " case when %s = 'cancelled' then now() end)",
                (job_id, user.id, status, status),
            )
    folder = f"{user.id}/job-references"
    kept = [f"{folder}/{waiting}.png", f"{user.id}/{ended}.png", f"{folder}/mine/{ended}.txt.png"]
    kept.append(f"{folder}/{'-' * 36}.png")  # as long as an id
    gone = [f"{folder}/{ended}.png", f"{folder}/{uuid4()}.webp"]
    for path in (*kept, *gone):
        put_file(stack, "reference_images", path, draw((1, 2, 3)), "image/png")
    fresh = f"{folder}/{uuid4()}.png"
    with psycopg.connect(stack.dsn) as connection:
        connection.execute(
            "update storage.objects set created_at = now() - interval '1 hour'"
            " where bucket_id = 'reference_images' and name like %s",
            (f"{user.id}/%",),
        )
    put_file(stack, "reference_images", fresh, draw((1, 2, 3)), "image/png")

    answer = stack.call("workspace-actions", {"action": "reap_expired"}).json()

    assert answer["references"] >= 2
    for path in (*kept, fresh):
        assert read_file(stack, "reference_images", path), path
    for path in gone:
        assert read_file(stack, "reference_images", path) is None, path


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "INVALID_ACTION"),
        ({"action": "burn"}, "INVALID_ACTION"),
        ({"action": "reap_expired"}, "INVALID_ACTION"),
        ({"action": "save_to_library"}, "ID_MISSING"),
        ({"action": "clear_job", "assetId": str(uuid4())}, "ID_MISSING"),
        ({"action": "save_to_library", "assetId": "../other"}, "INVALID_BODY"),
        ({"action": "save_to_library", "assetId": str(uuid4()), "tags": "red"}, "INVALID_BODY"),
        ({"action": "save_to_library", "assetId": str(uuid4()), "tags": [""]}, "INVALID_BODY"),
        ({"action": 3}, "INVALID_BODY"),
    ],
)
def test_a_wrong_body_is_refused(user: MediaUser, body: object, code: str) -> None:
    answer = user.call("workspace-actions", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_methods_and_callers(stack: RunningStack, user: MediaUser) -> None:
    with stack.client(user.token) as client:
        assert client.get("/functions/v1/workspace-actions").status_code == 405
    body = {"action": "clear_workspace"}
    assert stack.call("workspace-actions", body, stack.anon_key).status_code == 401
    assert stack.call("workspace-actions", body).status_code == 403
