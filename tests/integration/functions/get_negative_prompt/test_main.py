"""Negative prompts through HTTP, on the whole stack."""

from typing import Any

import pytest

from tests.conftest import RunningStack
from tests.support.media_users import create_media_user

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "blurry"),
        ({"modelType": "sdxl", "contentMode": "sfw"}, "watermark"),
        ({"model_type": "wan"}, "flicker"),
        ({"modelType": "rv51", "contentMode": "nsfw"}, "deformed iris"),
    ],
)
def test_a_model_has_its_negative_prompt(
    stack: RunningStack, body: dict[str, Any], part: str
) -> None:
    answer = create_media_user(stack).call("get-negative-prompt", body)

    assert answer.status_code == 200
    assert part in answer.json()["baseNegativePrompt"]


def test_without_a_body_it_is_the_defaults(stack: RunningStack) -> None:
    answer = create_media_user(stack).call_without_body("get-negative-prompt").json()

    assert (answer["modelType"], answer["contentMode"]) == ("sdxl", "sfw")
    assert answer["baseNegativePrompt"].startswith("blurry, ")
    assert ", watermark, " in answer["baseNegativePrompt"]  # the second list, by priority


def test_the_users_own_stands_first(stack: RunningStack) -> None:
    body = {"modelType": "wan", "userNegativePrompt": "snow"}

    answer = stack.call("get-negative-prompt", body).json()

    assert answer["negativePrompt"] == f"snow, {answer['baseNegativePrompt']}"


def test_flux_has_none(stack: RunningStack) -> None:
    answer = stack.call("get-negative-prompt", {"modelType": "flux"}).json()

    assert answer["baseNegativePrompt"] == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"modelType": "hologram"}, 404),
        ({"modelType": ""}, 400),
        ({"modelType": 3}, 400),
        ({"contentMode": "nsfl"}, 400),
        ([], 400),
    ],
)
def test_what_is_unknown_is_refused(stack: RunningStack, body: object, status: int) -> None:
    assert stack.call("get-negative-prompt", body).status_code == status


def test_only_users_and_services_may_ask(stack: RunningStack) -> None:
    assert stack.call("get-negative-prompt", {}, stack.anon_key).status_code == 401
