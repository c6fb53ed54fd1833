"""Messages of the queue become tasks whose values are in range."""

import json
from typing import Any

import pytest

from workers.errors import BadTaskError
from workers.message import parse_message
from workers.task import Pipeline

JOB = "11111111-1111-4111-8111-111111111111"
USER = "22222222-2222-4222-8222-222222222222"


def message(**fields: Any) -> Any:
    body = {"job_id": JOB, "user_id": USER, "job_type": "sdxl_image_high", "prompt": "a", **fields}
    return parse_message(json.dumps(body))


def test_the_worker_message_of_queue_job_is_understood() -> None:
    task = message(
        config={
            "pipeline": "txt2img",
            "num_images": 3,
            "num_inference_steps": 20,
            "guidance_scale": 6.0,
            "denoise_strength": 0.2,
            "resolution": "1024x576",
            "seed": 7,
        },
        negative_prompt="blur",
    ).to_task(None)

    assert (task.width, task.height, task.count, task.seed) == (1024, 576, 3, 7)
    assert (task.negative_prompt, task.pipeline) == ("blur", Pipeline.TEXT_TO_IMAGE)


@pytest.mark.parametrize("job_type", ["video_fast", "wan_video_high"])
def test_video_types_make_videos(job_type: str) -> None:
    assert message(job_type=job_type).to_task(None).pipeline is Pipeline.VIDEO


def test_exact_copy_needs_a_reference_and_no_prompt() -> None:
    metadata = {"exact_copy_mode": True, "reference_image_url": "https://example.com/a.png"}

    assert message(prompt="", metadata=metadata).to_task(b"x").pipeline is Pipeline.COPY
    modified = message(prompt="red", metadata=metadata).to_task(b"x")
    assert modified.pipeline is Pipeline.IMAGE_TO_IMAGE


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"num_images": 1000}, (1024, 1024, 6)),
        ({"num_images": -5, "resolution": "1x99999"}, (64, 2048, 1)),
        ({"num_images": "3", "resolution": "wide"}, (1024, 1024, 1)),
        ({"num_images": True, "resolution": None}, (1024, 1024, 1)),
        (None, (1024, 1024, 1)),
    ],
)
def test_values_out_of_range_are_clamped(config: Any, expected: tuple[int, int, int]) -> None:
    task = message(config=config).to_task(None)

    assert (task.width, task.height, task.count) == expected


@pytest.mark.parametrize("strength", [-1, 2, "0.5", None, True, float("nan")])
def test_a_denoise_strength_is_between_0_and_1(strength: Any) -> None:
    assert 0 <= message(config={"denoise_strength": strength}).to_task(b"x").denoise <= 1


def test_without_a_seed_each_attempt_has_the_same() -> None:
    assert message().to_task(None).seed == message(attempt=2).to_task(None).seed


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", json.dumps({"job_id": "x", "user_id": USER}), "[" * 100_000],
)
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(BadTaskError):
        parse_message(text)
