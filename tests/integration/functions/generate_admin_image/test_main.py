"""Images and portraits for administrators, through queue and worker, on the whole stack."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.media.user import create_worker, empty_queues
from tests.support.media_users import MediaUser, create_media_user
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e


@contextmanager
def working(stack: RunningStack, jobs: int, failure: str = "") -> Iterator[None]:
    """Have a worker do so many jobs, or fail them."""
    empty_queues(stack)

    def work() -> None:
        with create_worker(stack) as worker:
            for _ in range(jobs):
                if failure:
                    job = wait_for(worker.pop)
                    worker.call_back(job["id"], "failed", error_message=failure)
                else:
                    wait_for(worker.work)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def admin(stack: RunningStack) -> MediaUser:
    return create_media_user(stack, role="admin")


def add_character(stack: RunningStack, name: str) -> str:
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute(
            "insert into characters (name, description, appearance_tags)"
            " values (%s, 'A keeper', '{gray beard}') returning id::text",
            (name,),
        ).fetchone()
    assert row
    return row[0]


def test_an_image_is_drawn_and_published(stack: RunningStack, admin: MediaUser) -> None:
    body = {"prompt": "a pier", "mode": "check", "metadata": {"run": 1}}
    with working(stack, 1):
        answer = admin.call("generate-admin-image", body)

    assert answer.status_code == 200, answer.text
    image = answer.json()["image"]
    assert image["id"].startswith("admin-")
    assert (image["prompt"], image["mode"], image["metadata"]["run"]) == ("a pier", "check", 1)
    assert httpx.get(image["url"]).content.startswith(b"\x89PNG")
    assert httpx.get(image["thumbnail_url"]).status_code == 200
    assert admin.rows("select count(*) from workspace_assets where user_id = %s", admin.id) == [
        (0,)
    ]


def test_a_failed_drawing_is_said_so(stack: RunningStack, admin: MediaUser) -> None:
    with working(stack, 1, failure="The prompt is nonsense"):
        answer = admin.call("generate-admin-image", {"prompt": "a pier"})

    assert (answer.status_code, answer.json()["code"]) == (502, "DRAWING_FAILED")
    assert "nonsense" in answer.json()["message"]


def test_a_slow_drawing_goes_on(stack: RunningStack, admin: MediaUser) -> None:
    empty_queues(stack)
    answer = admin.call("generate-admin-image", {"prompt": "a pier", "seconds": 1})

    assert (answer.status_code, answer.json()["code"]) == (504, "DRAWING_SLOW")
    job = answer.json()["metadata"]["jobId"]
    assert admin.rows("select status from jobs where id = %s", job) == [("queued",)]


@pytest.mark.parametrize("slug", ["generate-admin-image", "generate-avatars"])
def test_only_admins_may_draw(stack: RunningStack, slug: str) -> None:
    body = {"prompt": "a pier"}

    assert create_media_user(stack).call(slug, body).status_code == 403
    assert stack.call(slug, body).status_code == 403
    assert stack.call(slug, body, stack.anon_key).status_code == 401


@pytest.mark.parametrize("body", [{}, {"prompt": " "}, {"prompt": "a" * 100_000}, {"prompt": 1}])
def test_a_wrong_body_is_refused(admin: MediaUser, body: object) -> None:
    assert admin.call("generate-admin-image", body).status_code == 400


def test_portraits_are_drawn_and_named(stack: RunningStack, admin: MediaUser) -> None:
    name, other = f"Éva {uuid4()}", f"灯台守 {uuid4()}"
    character, second = add_character(stack, name), add_character(stack, other)
    body = {"names": [name, other, "Nobody of that name"]}
    with working(stack, 2):
        answer = admin.call("generate-avatars", body)

    results = answer.json()["results"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is False
    assert [result["name"] for result in results] == body["names"]
    assert results[0]["path"].startswith("characters/eva-")
    assert results[2]["code"] == "CHARACTER_NOT_FOUND"
    picture = "select image_url from characters where id = %s"
    for row, result in ((character, results[0]), (second, results[1])):
        [(image_url,)] = admin.rows(picture, row)
        assert image_url == f"avatars/{result['path']}"
        url = f"{stack.url}/storage/v1/object/public/{image_url}"
        assert httpx.get(url).content.startswith(b"\x89PNG")


def test_when_none_is_drawn_it_is_an_error(admin: MediaUser) -> None:
    answer = admin.call("generate-avatars", {"names": ["Nobody of that name"]})

    assert (answer.status_code, answer.json()["code"]) == (502, "NO_AVATAR_DRAWN")
    assert admin.call("generate-avatars", {"names": ["a"] * 11}).status_code == 400
