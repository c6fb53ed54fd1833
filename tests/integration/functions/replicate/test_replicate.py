"""Pictures by the emulated Replicate: request, signed webhook, outputs, cost, fallback."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from edge.project.providers import REPLICATE_WEBHOOK_SECRET
from shared.replicate.webhook import sign
from tests.conftest import RunningStack
from tests.support.media.user import empty_queues
from tests.support.media_assets import draw as draw_image
from tests.support.waiting import PATIENCE

MODEL = "7d0f5c62-5d3a-4f6e-9a41-0b6f8f2c5101"


def rows(stack: RunningStack, query: str, *values: Any) -> list[dict[str, Any]]:
    with psycopg.connect(stack.dsn, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), values).fetchall()


def draw(stack: RunningStack, token: str, **body: Any) -> httpx.Response:
    given = {"prompt": "a red boat", "apiModelId": MODEL, "jobType": "rv51_fast", **body}
    return stack.call("replicate-image", given, token)


def until(found: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.1)
    return result


def finished(stack: RunningStack, job_id: str) -> dict[str, Any]:
    query = "select * from public.jobs where id = %s and completed_at is not null"
    return until(lambda: rows(stack, query, job_id))[0]


def assets(stack: RunningStack, job_id: str) -> list[dict[str, Any]]:
    query = "select * from public.workspace_assets where job_id = %s order by asset_index"
    return rows(stack, query, job_id)


def job_of(stack: RunningStack, user_id: str, **fields: Any) -> str:
    """A job that a prediction was created for."""
    metadata = {"prediction_id": f"p{uuid4().hex}", **fields}
    found = rows(
        stack,
        "insert into public.jobs (user_id, job_type, format, quality, original_prompt, metadata)"
        " values (%s, 'rv51_fast', 'image', 'fast', 'x', %s) returning id",
        user_id,
        json.dumps(metadata),
    )
    return str(found[0]["id"])


def send(
    stack: RunningStack, prediction: Any, secret: str = REPLICATE_WEBHOOK_SECRET, **change: str
) -> httpx.Response:
    """Send a webhook as Replicate does; `change` replaces headers."""
    body = prediction if isinstance(prediction, bytes) else json.dumps(prediction).encode()
    headers = {"webhook-id": f"msg_{uuid4().hex}", "webhook-timestamp": str(int(time.time()))}
    headers |= {name.replace("_", "-"): value for name, value in change.items()}
    signature = sign(body, headers["webhook-id"], headers["webhook-timestamp"], secret)
    headers = {"webhook-signature": signature, **headers}
    return httpx.post(
        f"{stack.url}/functions/v1/replicate-webhook",
        content=body,
        headers=headers,
        timeout=PATIENCE,
    )


def test_a_prompt_becomes_a_picture_with_its_cost(stack: RunningStack) -> None:
    user_id, token = stack.create_user()
    answer = draw(stack, token, input={"seed": 7, "width": 128, "height": 96, "steps": 900})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "queued"
    job = finished(stack, answer.json()["jobId"])

    assert (job["status"], job["error_message"]) == ("completed", None)
    assert job["metadata"]["prediction_id"] == answer.json()["predictionId"]
    (asset,) = assets(stack, job["id"])
    assert (asset["width"], asset["height"], asset["generation_seed"]) == (128, 96, 7)
    assert asset["temp_storage_path"].startswith(f"{user_id}/{job['id']}/")
    assert asset["thumbnail_path"]
    assert asset["generation_settings"]["steps"] == 100
    usage = rows(stack, "select * from public.usage_logs where job_id = %s", job["id"])
    assert [(row["action"], row["credits_consumed"]) for row in usage] == [("replicate_image", 1)]


def test_all_outputs_are_kept(stack: RunningStack) -> None:
    _, token = stack.create_user()
    model = str(uuid4())
    rows(
        stack,
        "insert into public.api_models (id, provider_id, model_key, version, display_name,"
        " modality, task, model_family, input_defaults, pricing)"
        " select %s, id, 'a/b', %s, 'B', 'image', 't', 'flux',"
        " '{\"num_outputs\": 1}', '{\"per_image\": 2.5}' from public.api_providers"
        " where name = 'replicate' returning id",
        model,
        uuid4().hex * 2,
    )
    given = {"num_outputs": 3, "width": 64, "height": 64}
    job_id = draw(stack, token, apiModelId=model, input=given).json()["jobId"]
    job = finished(stack, job_id)

    assert job["model_type"] == "flux"
    assert [asset["asset_index"] for asset in assets(stack, job_id)] == [0, 1, 2]
    usage = rows(stack, "select * from public.usage_logs where job_id = %s", job_id)
    assert usage[0]["credits_consumed"] == 7.5


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"prompt": ""}, "PROMPT_MISSING"),
        ({"prompt": None}, "PROMPT_MISSING"),
        ({"prompt": "x" * 100_000}, "PROMPT_MISSING"),
        ({"apiModelId": None}, "MODEL_NOT_FOUND"),
        ({"apiModelId": "x"}, "MODEL_NOT_FOUND"),
        ({"apiModelId": str(uuid4())}, "MODEL_NOT_FOUND"),
        ({"jobType": "make_coffee"}, "JOB_TYPE_UNKNOWN"),
        ({"jobType": None}, "JOB_TYPE_UNKNOWN"),
    ],
)
def test_bad_requests_are_400(stack: RunningStack, body: dict[str, Any], code: str) -> None:
    _, token = stack.create_user()
    answer = draw(stack, token, **body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("status", "code"), [(402, "PREDICTION_CREATE_ERROR"), (422, "PREDICTION_CREATE_ERROR")]
)
def test_a_refused_prediction_fails_its_job(stack: RunningStack, status: int, code: str) -> None:
    user_id, token = stack.create_user()
    stack.fault(
        provider="replicate", kind="status", status=status, endpoint="create_prediction", code="No."
    )
    answer = draw(stack, token)
    (job,) = rows(stack, "select * from public.jobs where user_id = %s", user_id)

    assert (answer.status_code, answer.json()["code"]) == (502, code)
    assert answer.json()["metadata"]["status"] == status
    assert (job["status"], job["error_message"]) == ("failed", "Replicate: No.")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "failed", "endpoint": "create_prediction", "code": "NSFW"}, "NSFW"),
        ({"kind": "empty", "endpoint": "create_prediction"}, "no output"),
        ({"kind": "status", "status": 404, "endpoint": "output"}, "gone"),
        ({"kind": "empty", "endpoint": "output"}, "neither an image"),
        ({"kind": "truncated", "endpoint": "output"}, "damaged"),
    ],
)
def test_a_prediction_without_a_usable_output_fails_its_job(
    stack: RunningStack, fault: dict[str, Any], error: str
) -> None:
    _, token = stack.create_user()
    stack.fault(provider="replicate", **fault)
    job = finished(stack, draw(stack, token).json()["jobId"])

    assert job["status"] == "failed"
    assert error in job["error_message"]


def test_webhooks_twice_and_an_output_that_comes_later_make_one_picture(
    stack: RunningStack,
) -> None:
    _, token = stack.create_user()
    stack.fault(provider="replicate", kind="duplicated", endpoint="webhook", times=2)
    stack.fault(provider="replicate", kind="status", status=503, endpoint="output")
    job_id = draw(stack, token).json()["jobId"]

    assert finished(stack, job_id)["status"] == "completed"
    assert len(assets(stack, job_id)) == 1


def test_a_lost_webhook_is_made_up_for_by_reading_the_prediction(stack: RunningStack) -> None:
    _, token = stack.create_user()
    stack.fault(provider="replicate", kind="lost", endpoint="webhook", times=2)
    answer = draw(stack, token).json()
    asked = {"predictionId": answer["predictionId"]}
    until(lambda: stack.call("replicate-image", asked, token).json()["status"] == "succeeded")

    assert finished(stack, answer["jobId"])["status"] == "completed"
    stranger = stack.create_user()[1]
    assert stack.call("replicate-image", asked, stranger).status_code == 404


def test_a_prediction_whose_webhooks_are_lost_is_read_by_the_schedule(stack: RunningStack) -> None:
    end_predicted(stack)
    _, token = stack.create_user()
    stack.fault(provider="replicate", kind="lost", endpoint="webhook", times=2)
    answer = draw(stack, token).json()
    early = stack.call("replicate-image", {"action": "poll"}).json()  # it may still be notified
    start_earlier(stack, answer["jobId"])
    stack.fault(provider="replicate", kind="status", status=503, endpoint="read_prediction")
    assert stack.call("replicate-image", {"action": "poll"}).json() == {"polled": 1, "ended": 0}
    assert stack.call("replicate-image", {"action": "poll"}).json() == {"polled": 0, "ended": 0}
    make_due = "update media.replicate_polls set next_at = now() where job_id = %s returning polls"
    url = f"/providers/replicate/v1/predictions/{answer['predictionId']}"
    with stack.client() as client:
        headers = {"authorization": "Bearer r8"}
        until(lambda: client.get(url, headers=headers).json()["status"] == "succeeded")
    rows(stack, make_due, answer["jobId"])
    late = stack.call("replicate-image", {"action": "maintain"}).json()

    assert early == {"polled": 0, "ended": 0}
    assert (late["polled"], late["ended"]) == (1, 1)
    assert finished(stack, answer["jobId"])["status"] == "completed"
    assert len(assets(stack, answer["jobId"])) == 1


def test_a_prediction_that_replicate_does_not_know_fails_its_job(stack: RunningStack) -> None:
    end_predicted(stack)
    user_id, _ = stack.create_user()
    job_id = job_of(stack, user_id)
    (job,) = rows(stack, "select metadata from public.jobs where id = %s", job_id)
    send(stack, {"id": job["metadata"]["prediction_id"], "status": "processing"})
    start_earlier(stack, job_id)

    assert stack.call("replicate-image", {"action": "poll"}).json() == {"polled": 1, "ended": 1}
    assert "does not know it" in finished(stack, job_id)["error_message"]


def test_an_answer_that_is_lost_is_waited_for_ten_minutes(stack: RunningStack) -> None:
    user_id, token = stack.create_user()
    stack.fault(provider="replicate", kind="lost", endpoint="webhook", times=2)
    stack.fault(provider="replicate", kind="cut", endpoint="create_prediction")
    assert draw(stack, token).status_code == 504
    query = (
        "select status, lease_expires_at - started_at < interval '11 minutes' as is_soon"
        " from public.jobs where user_id = %s"
    )

    assert rows(stack, query, user_id) == [{"status": "processing", "is_soon": True}]


def end_predicted(stack: RunningStack) -> None:
    """End what earlier tests have left, so that nothing else is read."""
    rows(
        stack,
        "update public.jobs set status = 'failed', error_message = 'left'"
        " where status = 'processing' and metadata ? 'prediction_id' returning id",
    )


def start_earlier(stack: RunningStack, job_id: str) -> None:
    query = (
        "update public.jobs set started_at = now() - interval '1 minute' where id = %s returning id"
    )
    assert rows(stack, query, job_id)


def test_canceled_is_a_failure_and_unknown_states_wait(stack: RunningStack) -> None:
    user_id, _ = stack.create_user()
    job_id = job_of(stack, user_id)
    (job,) = rows(stack, "select metadata from public.jobs where id = %s", job_id)
    prediction = {"id": job["metadata"]["prediction_id"], "status": "warming_up"}
    assert send(stack, prediction).json()["status"] == "processing"
    assert send(stack, {**prediction, "status": "aborted"}).json()["status"] == "failed"
    late = {**prediction, "status": "starting"}
    assert send(stack, late).json()["status"] == "failed"

    assert finished(stack, job_id)["error_message"] == "canceled"


def test_only_signed_webhooks_of_these_minutes_are_believed(stack: RunningStack) -> None:
    user_id, _ = stack.create_user()
    job_id = job_of(stack, user_id)
    (job,) = rows(stack, "select metadata from public.jobs where id = %s", job_id)
    prediction = {"id": job["metadata"]["prediction_id"], "status": "failed", "error": "x"}
    other = "whsec_" + base64.b64encode(b"another").decode()
    old = str(int(time.time()) - 301)
    for answer in (
        send(stack, prediction, other),
        send(stack, prediction, webhook_signature="v1,AAAA"),
        send(stack, prediction, webhook_signature="nonsense"),
        send(stack, prediction, webhook_signature=""),
        send(stack, prediction, webhook_timestamp="soon"),
        send(stack, prediction, webhook_timestamp=old),
        send(stack, prediction, webhook_timestamp=str(int(time.time()) + 301)),
        httpx.post(f"{stack.url}/functions/v1/replicate-webhook", json=prediction),
    ):
        assert answer.status_code == 401, answer.text

    assert rows(stack, "select status from public.jobs where id = %s", job_id) == [
        {"status": "queued"}
    ]


def test_a_webhook_s_id_counts_once(stack: RunningStack) -> None:
    user_id, _ = stack.create_user()
    job_id = job_of(stack, user_id)
    (job,) = rows(stack, "select metadata from public.jobs where id = %s", job_id)
    prediction = {"id": job["metadata"]["prediction_id"], "status": "processing"}
    name = f"msg_{uuid4().hex}"
    first = send(stack, prediction, webhook_id=name)
    again = send(stack, {**prediction, "status": "failed"}, webhook_id=name)

    assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
    assert rows(stack, "select status from public.jobs where id = %s", job_id) == [
        {"status": "processing"}
    ]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"id": 7, "status": "failed"}', b"\xff\xfe"]
)
def test_signed_nonsense_is_400(stack: RunningStack, body: bytes) -> None:
    assert send(stack, body).status_code == 400


def test_a_prediction_of_no_job_is_404(stack: RunningStack) -> None:
    assert send(stack, {"id": "unknown", "status": "failed"}).status_code == 404


@pytest.mark.parametrize(
    "output",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        ["not a url"],
        ["http://127.0.0.1:1/"] * 2 + [f"http://127.0.0.1:1/{number}" for number in range(30)],
        {"url": 7},
        [[["http://127.0.0.1:1/"]]],
        42,
    ],
)
def test_odd_outputs_fail_the_job(stack: RunningStack, output: Any) -> None:
    user_id, _ = stack.create_user()
    job_id = job_of(stack, user_id)
    (job,) = rows(stack, "select metadata from public.jobs where id = %s", job_id)
    prediction = {
        "id": job["metadata"]["prediction_id"], "status": "succeeded", "output": output
    }  # fmt: skip
    assert send(stack, prediction).status_code == 200

    assert finished(stack, job_id)["status"] == "failed"


def test_the_processor_is_for_the_service_alone(stack: RunningStack) -> None:
    _, token = stack.create_user()
    body = {"jobId": str(uuid4()), "prediction": {"id": "x", "status": "failed"}}

    assert stack.call("replicate-callback", body, token).status_code == 401
    assert stack.call("replicate-callback", body).status_code == 404
    for action in ("fallback", "poll", "maintain"):
        assert stack.call("replicate-image", {"action": action}, token).status_code == 403


def test_jobs_that_no_worker_takes_are_drawn_by_replicate(stack: RunningStack) -> None:
    empty_queues(stack)
    _, token = stack.create_user()
    job = {"job_type": "sdxl_image_fast", "prompt": "a pier", "num_images": 1, "seed": 3}
    job_id = stack.call("queue-job", job, token).json()["jobId"]
    rows(stack, "delete from public.workers returning id")
    early = stack.call("replicate-image", {"action": "fallback"}).json()
    rows(
        stack,
        "update public.jobs set queued_at = now() - interval '2 minutes' where id = %s"
        " returning id",
        job_id,
    )
    rows(
        stack,
        "insert into public.workers (worker_type, base_url, health, last_seen_at) values"
        " ('sdxl', 'http://127.0.0.1:9', 'healthy', now()) returning id",
    )
    served = stack.call("replicate-image", {"action": "fallback"}).json()
    rows(stack, "delete from public.workers returning id")
    undefault = "update public.api_models set is_default = not is_default where id = %s returning 1"
    rows(stack, undefault, MODEL)
    try:
        missing = stack.call("replicate-image", {"action": "fallback"})
    finally:
        rows(stack, undefault, MODEL)
    assert missing.status_code == 404
    assert "MODEL_NOT_FOUND" in missing.text
    late = stack.call("replicate-image", {"action": "fallback"}).json()  # nothing was claimed

    assert [answer["claimed"] for answer in (early, served, late)] == [0, 0, 1]
    done = finished(stack, job_id)
    assert (done["status"], done["worker_id"]) == ("completed", "replicate")
    assert assets(stack, job_id)[0]["generation_seed"] == 3


def test_jobs_with_a_reference_go_to_a_model_that_takes_one(stack: RunningStack) -> None:
    empty_queues(stack)
    user_id, token = stack.create_user()
    with stack.client(token) as client:
        picture = draw_image((1, 2, 3))
        path = f"{user_id}/ref.png"
        headers = {"content-type": "image/png"}
        stored = client.post(
            f"/storage/v1/object/user-library/{path}", content=picture, headers=headers
        )
        assert stored.status_code == 200, stored.text
    job = {
        "job_type": "sdxl_image_fast",
        "prompt": "a pier",
        "reference_image_url": f"user-library/{path}",
        "reference_strength": 0.7,
        "metadata": {"skip_enhancement": True},
    }
    job_id = stack.call("queue-job", job, token).json()["jobId"]
    rows(
        stack,
        "update public.jobs set queued_at = now() - interval '2 minutes' where id = %s"
        " returning id",
        job_id,
    )
    rows(stack, "delete from public.workers returning id")
    alone = stack.call("replicate-image", {"action": "fallback"}).json()
    assert alone["claimed"] == 0  # no model takes it
    (model,) = rows(
        stack,
        "insert into public.api_models (provider_id, model_key, version, display_name, modality,"
        " task, capabilities, priority) select provider_id, 'test/remix', version, 'Remix',"
        " 'image', 'image-to-image', %s, 9 from public.api_models where id = %s returning id",
        json.dumps({"reference_input": "image", "strength_input": "prompt_strength"}),
        MODEL,
    )
    try:
        answer = stack.call("replicate-image", {"action": "fallback"}).json()
        assert answer == {"claimed": 1, "started": 1}
        done = finished(stack, job_id)
    finally:
        rows(stack, "delete from public.api_models where id = %s returning id", model["id"])
    assert (done["status"], done["metadata"]["model_key"]) == ("completed", "test/remix")
    with stack.client() as client:
        headers = {"authorization": "Bearer r8"}
        url = f"/providers/replicate/v1/predictions/{done['metadata']['prediction_id']}"
        given = client.get(url, headers=headers).json()["input"]
    assert given["prompt_strength"] == 0.3
    assert f"/user-library/{path}" in given["image"]
