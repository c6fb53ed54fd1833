"""Queueing through HTTP, with the bodies that callers send, and with bad ones."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser
from tests.support.media.worker import PullWorker
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
# The bodies of existing frontends; `expected` are fields of the message to the worker.
CALLERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {
            "prompt": "a pier at dawn", "original_prompt": "a pier", "job_type": "sdxl_image_high",
            "quality": "high", "format": "png", "model_type": "sdxl", "num_images": 2,
            "negative_prompt": "blurry", "steps": 30, "guidance_scale": 7, "seed": 7,
            "metadata": {"user_requested_enhancement": False, "enhancement_model": "none",
                         "skip_enhancement": True, "contentType": "sfw", "aspect_ratio": "16:9"},
        },
        {"prompt": "a pier at dawn", "quality": "high", "format": "image",
         "negative_prompt": "blurry", "content_type": "sfw"},
    ),
    (
        {"original_prompt": "a pier", "job_type": "wan_video_fast", "quality": "fast",
         "format": "mp4", "metadata": {}},
        {"prompt": "a pier", "type": "video_fast", "format": "video"},
    ),
    (
        {"prompt": "in the park", "job_type": "sdxl_image_fast",
         "metadata": {"destination": "roleplay_scene", "character_id": "c1", "scene_type": "chat",
                      "consistency_method": "hybrid", "seed": 42, "denoising_strength": 0.65}},
        {"prompt": "in the park"},
    ),
    ({"prompt": "a pier", "jobType": "rv51_high"}, {"job_type": "rv51_high", "model_type": "rv51"}),
    ({"prompt": "a pier", "job_type": "video_high"}, {"type": "video_high"}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CALLERS)
def test_callers_bodies_become_messages(
    ann: MediaUser, worker: PullWorker, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = ann.call("queue-job", body)

    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert (receipt["status"], receipt["message"]) == ("queued", "Job successfully queued")
    assert receipt["position"] == 0
    assert "etaSeconds" in receipt
    message = worker.pop(receipt["queueName"])
    assert message
    assert message["id"] == message["job_id"] == receipt["jobId"]
    assert message["user_id"] == ann.id
    assert {name: message[name] for name in expected} == expected
    for name, value in body.get("metadata", {}).items():
        assert message["metadata"][name] == value
    if body.get("seed") or body.get("metadata", {}).get("seed"):
        assert message["config"]["seed"] in (7, 42)


def test_all_of_a_message_is_as_workers_know_it(ann: MediaUser, worker: PullWorker) -> None:
    body, _ = CALLERS[0]
    ann.call("queue-job", body)

    message = worker.pop()

    assert message
    assert message["config"] == {
        "pipeline": "txt2img", "num_images": 3, "num_inference_steps": 30, "guidance_scale": 7,
        "denoise_strength": None, "resolution": "1024x576", "seed": 7,
    }  # fmt: skip
    assert {"compel_enabled", "compel_weights", "metadata", "type", "attempt"} <= message.keys()


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"num_images": 0, "steps": 1000, "guidance_scale": 99}, (1, 100, 20)),
        ({"num_images": 4, "steps": -5, "guidance_scale": -1}, (6, 1, 1)),
        ({"num_images": 100}, (6, 15, 7.5)),
    ],
)
def test_numbers_out_of_range_are_clamped(
    ann: MediaUser, worker: PullWorker, given: dict[str, Any], seen: tuple[float, ...]
) -> None:
    ann.queue(**given)

    message = worker.pop()

    assert message
    config = message["config"]
    assert (config["num_images"], config["num_inference_steps"], config["guidance_scale"]) == seen


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"denoise_strength": -1}, 0),
        ({"denoise_strength": 2}, 1),
        ({"reference_strength": -1}, 1),
        ({"reference_strength": 2}, 0),
        ({"metadata": {"denoising_strength": 0.65}}, 0.65),
    ],
)
def test_strengths_out_of_range_are_clamped(
    ann: MediaUser, worker: PullWorker, given: dict[str, Any], seen: float
) -> None:
    assert ann.queue(**given).status_code == 200

    message = worker.pop()

    assert message
    assert message["config"]["denoise_strength"] == seen


MODES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"prompt": "", "metadata": {"exact_copy_mode": True}},
        {"denoise_strength": 0.05, "guidance_scale": 1, "num_inference_steps": 15},
        "",
    ),
    (
        {"prompt": "in red", "metadata": {"exact_copy_mode": True, "skip_enhancement": True}},
        {"denoise_strength": 0.2, "guidance_scale": 6, "num_inference_steps": 20},
        "in red",
    ),
    (
        {
            "prompt": "in red", "reference_strength": 0.7,
            "metadata": {"originalEnhancedPrompt": "a pier, calm", "skip_enhancement": True},
        },
        {"denoise_strength": 0.3, "pipeline": "img2img"},
        "a pier, calm, in red",
    ),
    (
        {"prompt": "", "denoise_strength": 2, "reference_strength": 0.7,
         "metadata": {"originalEnhancedPrompt": "a pier, calm"}},
        {"denoise_strength": 1},
        "a pier, calm",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "config", "prompt"), MODES)
def test_modes_with_a_reference(
    ann: MediaUser,
    worker: PullWorker,
    body: dict[str, Any],
    config: dict[str, Any],
    prompt: str,
) -> None:
    reference = ann.upload("user-library", "ref.png", PNG, "image/png")

    answer = ann.queue(reference_image_url=reference, **body)

    assert answer.status_code == 200, answer.text
    message = worker.pop()
    assert message
    assert {name: message["config"][name] for name in config} == config
    assert message["prompt"] == prompt
    url = message["metadata"]["reference_image_url"]
    assert httpx.get(url, timeout=PATIENCE).content == PNG


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"job_type": "sculpture"}, 400, "UNKNOWN_JOB_TYPE"),
    ({"job_type": None}, 400, "INVALID_BODY"),
    ({"model_type": "gpt"}, 400, "UNKNOWN_MODEL"),
    ({"quality": "best"}, 400, "INVALID_BODY"),
    ({"prompt": ""}, 400, "PROMPT_MISSING"),
    ({"prompt": " \t\u0007 "}, 400, "PROMPT_MISSING"),
    ({"prompt": "a" * 100_000}, 400, "PROMPT_TOO_LONG"),
    ({"original_prompt": "a" * 100_000}, 400, "PROMPT_TOO_LONG"),
    ({"prompt": "a\0b"}, 400, "INVALID_BODY"),
    ({"prompt": 5}, 400, "INVALID_BODY"),
    ({"reference_strength": "0.5"}, 400, "INVALID_BODY"),
    ({"metadata": {"denoise_strength": "0.5"}}, 400, "INVALID_BODY"),
    ({"metadata": "x"}, 400, "INVALID_BODY"),
    ({"metadata": {"a": "b" * 40_000}}, 400, "METADATA_TOO_LARGE"),
    ({"project_id": "x"}, 400, "INVALID_BODY"),
    ({"project_id": str(uuid4())}, 404, "PROJECT_NOT_FOUND"),
    ({"reference_image_url": f"user-library/{uuid4()}/a.png"}, 404, "REFERENCE_NOT_FOUND"),
    ({"reference_image_url": "user-library/../a.png"}, 404, "REFERENCE_NOT_FOUND"),
    ({"reference_image_url": "no-bucket/a.png"}, 404, "REFERENCE_NOT_FOUND"),
    ({"reference_image_url": 7}, 400, "INVALID_BODY"),
    ({"metadata": {"reference_image_url": 7}}, 400, "INVALID_REFERENCE"),
    ({"reference_image_url": "http://169.254.169.254/latest"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "http://127.0.0.1:1/a.png"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "http://[::1]:1/a.png"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "http://2130706433/a.png"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "http://[::ffff:10.0.0.1]/a.png"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "file:///etc/passwd"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "ftp://example.com/a.png"}, 400, "URL_NOT_ALLOWED"),
    ({"reference_image_url": "https://a:b@example.com/a.png"}, 400, "URL_NOT_ALLOWED"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_bad_input_is_refused_and_queues_nothing(
    ann: MediaUser, body: dict[str, Any], status: int, code: str
) -> None:
    answer = ann.queue(**body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert ann.rows("jobs") == []


@pytest.mark.parametrize("text", ['{"job_type": NaN}', '{"reference_strength": NaN}', "[", "5", ""])
def test_a_body_that_is_no_json_object_is_400(ann: MediaUser, text: str) -> None:
    url = f"{ann.stack.url}/functions/v1/queue-job"
    headers = {**ann.headers, "content-type": "application/json"}

    assert httpx.post(url, content=text, headers=headers, timeout=PATIENCE).status_code == 400


@pytest.mark.parametrize("prompt", ["夜の海", "بحر في الليل", "море 🌊", "naïve\ncafé"])
def test_prompts_in_any_script_are_kept(ann: MediaUser, worker: PullWorker, prompt: str) -> None:
    ann.queue(prompt=prompt)

    message = worker.pop()

    assert message
    assert message["prompt"] == prompt


def test_a_reference_of_another_user_is_not_found(ann: MediaUser, bob: MediaUser) -> None:
    path = bob.upload("user-library", "secret.png", PNG, "image/png")
    signing = f"{bob.stack.url}/storage/v1/object/sign/{path}"
    signed = httpx.post(
        signing, json={"expiresIn": 60}, headers=bob.headers, timeout=PATIENCE
    ).json()

    for reference in (path, f"{bob.stack.url}/storage/v1{signed['signedURL']}"):
        answer = ann.queue(reference_image_url=reference)
        assert (answer.status_code, answer.json()["code"]) == (404, "REFERENCE_NOT_FOUND")


def test_a_file_that_is_no_image_is_no_reference(ann: MediaUser) -> None:
    path = ann.upload("user-library", "fake.png", b"<html>", "image/png")

    answer = ann.queue(reference_image_url=path)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REFERENCE")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_405(ann: MediaUser, method: str) -> None:
    url = f"{ann.stack.url}/functions/v1/queue-job"

    assert httpx.request(method, url, headers=ann.headers, timeout=PATIENCE).status_code == 405


def test_only_a_signed_in_user_queues(stack: RunningStack) -> None:
    body = {"job_type": "sdxl_image_fast", "prompt": "x"}
    statuses = [stack.call("queue-job", body, key).status_code for key in (stack.anon_key, None)]
    url = f"{stack.url}/functions/v1/queue-job"

    assert statuses == [401, 401]
    assert httpx.post(url, json=body, timeout=PATIENCE).status_code == 401


def test_an_idempotency_key_queues_once(ann: MediaUser, bob: MediaUser) -> None:
    headers = {"Idempotency-Key": "click-1"}
    body = {"job_type": "sdxl_image_fast", "prompt": "x"}

    answers = [ann.call("queue-job", body, **headers).json() for _ in range(3)]
    other = ann.call("queue-job", {**body, "prompt": "y"}, **headers)

    assert len({answer["jobId"] for answer in answers}) == 1
    assert [answer["duplicate"] for answer in answers] == [False, True, True]
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert bob.call("queue-job", body, **headers).json()["duplicate"] is False


def test_a_queued_job_is_cancelled_by_rest(ann: MediaUser, worker: PullWorker) -> None:
    job_id = ann.queue().json()["jobId"]
    url = f"{ann.stack.url}/rest/v1/jobs?id=eq.{job_id}"

    answer = httpx.patch(url, json={"status": "cancelled"}, headers=ann.headers, timeout=PATIENCE)
    refused = httpx.patch(url, json={"status": "completed"}, headers=ann.headers, timeout=PATIENCE)

    assert answer.status_code == 204
    assert refused.status_code in (403, 409)
    assert ann.job(job_id)["status"] == "cancelled"
    assert worker.pop() is None
    late = worker.call_back(job_id, "failed", error_message="x")
    assert (late.status_code, late.json()["status"]) == (200, "cancelled")


class _Redirecting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://169.254.169.254/")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_no_request_leaves_for_a_private_address(ann: MediaUser) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Redirecting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        answer = ann.queue(reference_image_url=f"http://127.0.0.1:{server.server_port}/a.png")
    finally:
        server.shutdown()
        server.server_close()

    assert (answer.status_code, answer.json()["code"]) == (400, "URL_NOT_ALLOWED")
