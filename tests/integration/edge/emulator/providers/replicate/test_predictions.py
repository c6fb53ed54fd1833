"""Replicate's predictions, webhooks and files through its own client."""

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import replicate
from PIL import Image
from replicate.exceptions import ReplicateError
from replicate.webhook import InvalidSignatureError, Webhooks, WebhookSigningSecret

from tests.support.webhook_receiver import WebhookReceiver, receiving

VERSION = "2c8e954decbf70b7607a4414e5785ef9e4de4b8c51d50fb8b8b349160e0ef6bb"
INPUT = {"prompt": "a red boat", "width": 64, "height": 48, "seed": 7}


@pytest.fixture
def client(http: httpx.Client) -> Iterator[replicate.Client]:
    created = replicate.Client(api_token="r8_test", base_url=str(http.base_url.join("/replicate")))
    yield created
    created._client.close()  # it has no public way


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with receiving() as served:
        yield served


def fault(http: httpx.Client, **fields: Any) -> None:
    http.post("/_faults", json={"provider": "replicate", **fields}).raise_for_status()


def test_a_prediction_runs_and_its_output_is_a_labelled_picture(
    client: replicate.Client,
) -> None:
    prediction = client.predictions.create(version=VERSION, input=INPUT)
    assert prediction.status == "starting"
    prediction.wait()

    assert prediction.status == "succeeded"
    assert isinstance(prediction.output, str)
    image = Image.open(io.BytesIO(httpx.get(prediction.output).content))
    assert image.size == (64, 48)
    assert "local-procedural" in (prediction.logs or "")
    assert prediction.metrics


def test_run_and_official_models_and_lists(client: replicate.Client) -> None:
    output = client.run(f"lucataco/realistic-vision-v5.1:{VERSION}", input=INPUT)
    assert httpx.get(str(output)).content.startswith(b"\x89PNG")
    several = client.run("black-forest-labs/flux-schnell", input={**INPUT, "num_outputs": 3})
    assert len(list(several)) == 3
    assert len(client.predictions.list().results) >= 2
    assert client.models.get("a/b").latest_version


def test_a_prediction_can_be_cancelled(http: httpx.Client, client: replicate.Client) -> None:
    fault(http, kind="delayed", seconds=60, endpoint="create_prediction")
    prediction = client.predictions.create(version=VERSION, input=INPUT)
    prediction.cancel()
    prediction.reload()

    assert prediction.status == "canceled"


def test_webhooks_are_signed_as_the_client_checks_them(
    client: replicate.Client, receiver: WebhookReceiver
) -> None:
    client.predictions.create(
        version=VERSION,
        input=INPUT,
        webhook=receiver.url,
        webhook_events_filter=["start", "completed"],
    )
    deliveries = receiver.wait(2)

    secret = client.webhooks.default.secret()
    bodies = [json.loads(body) for _, body in deliveries]
    for headers, body in deliveries:
        Webhooks.validate(headers=dict(headers), body=body.decode(), secret=secret)
    assert {body["status"] for body in bodies} == {"starting", "succeeded"}
    headers, body = deliveries[0]
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(
            headers=dict(headers),
            body=body.decode(),
            secret=WebhookSigningSecret(key="whsec_YW5vdGhlcg=="),
        )


def test_the_last_webhook_is_sent_again_with_its_id(
    client: replicate.Client, receiver: WebhookReceiver
) -> None:
    receiver.answers = [500]
    client.predictions.create(
        version=VERSION, input=INPUT, webhook=receiver.url, webhook_events_filter=["completed"]
    )
    first, second = receiver.wait(2)

    assert first[0]["webhook-id"] == second[0]["webhook-id"]


@pytest.mark.parametrize(
    ("status", "detail"), [(402, "credit"), (422, "invalid"), (500, "unexpected")]
)
def test_faults_are_replicate_s_errors(
    http: httpx.Client, client: replicate.Client, status: int, detail: str
) -> None:
    fault(http, kind="status", status=status, code=detail, times=10)

    with pytest.raises(ReplicateError) as caught:
        client.predictions.create(version=VERSION, input=INPUT)

    assert (caught.value.status, caught.value.detail) == (status, detail)


def test_a_failed_an_empty_and_a_lost_output(http: httpx.Client, client: replicate.Client) -> None:
    fault(http, kind="failed", endpoint="create_prediction")
    fault(http, kind="empty", endpoint="create_prediction")
    fault(http, kind="status", status=404, endpoint="output")
    failed = client.predictions.create(version=VERSION, input=INPUT)
    failed.wait()
    empty = client.predictions.create(version=VERSION, input=INPUT)
    empty.wait()
    lost = client.predictions.create(version=VERSION, input=INPUT)
    lost.wait()

    assert (failed.status, bool(failed.error)) == ("failed", True)
    assert (empty.status, empty.output) == ("succeeded", None)
    assert httpx.get(lost.output).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"version": VERSION},
        {"version": "x", "input": {}},
        {"version": VERSION, "input": {}, "webhook": "ftp://a"},
        {"version": VERSION, "input": {}, "webhook": 7},
        {"version": VERSION, "input": {}, "webhook_events_filter": ["all"]},
        {"version": VERSION, "input": {}, "webhook_events_filter": "completed"},
    ],
)
def test_bad_requests_are_422(http: httpx.Client, body: dict[str, Any]) -> None:
    headers = {"authorization": "Bearer r8_test"}
    answer = http.post("/replicate/v1/predictions", json=body, headers=headers)

    assert answer.status_code == 422
    assert set(answer.json()) == {"title", "detail", "status"}


@pytest.mark.parametrize("value", [None, "wide", -5, 10**9, True, {}])
def test_odd_inputs_still_make_a_picture(client: replicate.Client, value: Any) -> None:
    given = {"prompt": value, "width": value, "height": 16, "seed": value, "num_outputs": value}
    prediction = client.predictions.create(version=VERSION, input=given)
    prediction.wait()

    assert prediction.status == "succeeded"


def test_a_token_is_needed(http: httpx.Client) -> None:
    assert http.get("/replicate/v1/predictions").status_code == 401
    assert http.get("/replicate/v1/predictions/x").status_code == 401
