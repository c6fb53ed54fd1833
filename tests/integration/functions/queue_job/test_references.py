"""Reference images of other servers: copied to Storage for the worker, or refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser
from tests.support.media.worker import PullWorker
from tests.support.paths import ROOT
from tests.support.played_worker import PlayedWorker, playing
from tests.support.served_function import serve
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@dataclass(frozen=True)
class Development:
    """queue-job as a developer sets it, so that images of this machine may be fetched."""

    client: httpx.Client
    images: PlayedWorker

    def queue(self, user: MediaUser, **body: Any) -> httpx.Response:
        given = {
            "job_type": "sdxl_image_fast",
            "prompt": "",
            "reference_image_url": self.images.url,
        }
        metadata = {"exact_copy_mode": True}
        return self.client.post(
            "/", json={**given, "metadata": metadata, **body}, headers=user.headers
        )


@pytest.fixture(scope="module")
def development(
    _stack: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Development]:
    environment = {
        "SUPABASE_URL": _stack.url,
        "SUPABASE_ANON_KEY": _stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": _stack.service_role_key,
        "REFERENCES_ALLOW_PRIVATE": "true",
    }
    images = PlayedWorker()
    log = tmp_path_factory.mktemp("served") / "queue-job.log"
    with playing(images), serve(ROOT / "functions/queue_job", log, environment) as function:
        yield Development(function.client, images)


def test_an_image_of_another_server_is_copied_for_the_worker(
    development: Development, ann: MediaUser, worker: PullWorker
) -> None:
    development.images.raw, development.images.redirect = PNG, None

    answer = development.queue(ann)

    assert answer.status_code == 200, answer.text
    message = worker.pop()
    assert message
    url = message["metadata"]["reference_image_url"]
    assert url.startswith(f"{ann.stack.url}/storage/v1/object/sign/")
    assert httpx.get(url, timeout=PATIENCE).content == PNG


@pytest.mark.parametrize(
    ("played", "code"),
    [
        ({"redirect": "http://169.254.169.254/latest"}, "FETCH_FAILED"),
        ({"raw": PNG + bytes(10 << 20)}, "FILE_TOO_LARGE"),
        ({"raw": b"<html>not an image</html>"}, "INVALID_REFERENCE"),
        ({"raw": b""}, "INVALID_REFERENCE"),
        ({"raw": PNG, "status": 404}, "FETCH_FAILED"),
        ({"raw": PNG, "status": 500}, "FETCH_FAILED"),
    ],
)
def test_what_is_no_usable_image_queues_nothing(
    development: Development, ann: MediaUser, played: dict[str, Any], code: str
) -> None:
    images = development.images
    for name, value in {"raw": None, "redirect": None, "status": 200, **played}.items():
        setattr(images, name, value)

    answer = development.queue(ann)

    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert ann.rows("jobs") == []


def test_a_server_that_is_not_there_is_400(development: Development, ann: MediaUser) -> None:
    answer = development.queue(ann, reference_image_url="http://127.0.0.1:1/a.png")

    assert (answer.status_code, answer.json()["code"]) == (400, "FETCH_FAILED")
