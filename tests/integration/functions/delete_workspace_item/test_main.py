"""Deleting an asset through HTTP, with real files, on the whole stack."""

from uuid import uuid4

import pytest

from tests.conftest import RunningStack
from tests.support.media_assets import add_assets, read_file
from tests.support.media_users import create_media_user

pytestmark = pytest.mark.e2e

SLUG = "delete-workspace-item"


def test_an_asset_is_deleted_with_its_files(stack: RunningStack) -> None:
    user = create_media_user(stack)
    first, second = add_assets(user, 2)

    answer = user.call(SLUG, {"item_id": first.id, "user_id": user.id})

    assert answer.status_code == 200
    assert answer.json()["deleted_item_id"] == first.id
    assert read_file(stack, "workspace-temp", first.path) is None
    assert read_file(stack, "workspace-temp", first.thumbnail) is None
    assert read_file(stack, "workspace-temp", second.path) == second.content
    assert user.call(SLUG, {"item_id": first.id}).status_code == 404


def test_the_user_of_the_token_decides(stack: RunningStack) -> None:
    owner, stranger = create_media_user(stack), create_media_user(stack)
    [asset] = add_assets(owner)

    named = stranger.call(SLUG, {"item_id": asset.id, "user_id": owner.id})
    unnamed = stranger.call(SLUG, {"item_id": asset.id})
    service = stack.call(SLUG, {"item_id": asset.id})

    assert (named.status_code, named.json()["code"]) == (403, "USER_MISMATCH")
    assert unnamed.status_code == 404
    assert (service.status_code, service.json()["code"]) == (400, "USER_MISSING")
    assert read_file(stack, "workspace-temp", asset.path) == asset.content
    assert stack.call(SLUG, {"item_id": asset.id, "user_id": owner.id}).status_code == 200


def test_a_wrong_body_is_refused(stack: RunningStack) -> None:
    user = create_media_user(stack)

    assert user.call(SLUG, {}).status_code == 400
    assert user.call(SLUG, {"item_id": "1"}).status_code == 400
    assert user.call(SLUG, {"item_id": str(uuid4())}).status_code == 404
