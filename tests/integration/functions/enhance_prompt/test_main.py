"""Enhancing prompts through HTTP, on the whole stack."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.chat_worker import (
    ChatWorker,
    make_healthy,
    registered_chat_worker,
    serve_chat_worker,
)
from tests.support.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.e2e

PROMPT = "a fox in a forest"


@pytest.fixture(scope="module")
def _worker(_stack: RunningStack) -> Iterator[ChatWorker]:
    with registered_chat_worker(_stack) as worker:
        yield worker


@pytest.fixture
def worker(stack: RunningStack, _worker: ChatWorker) -> ChatWorker:
    _worker.enhance_to("warm up")
    wait_for(lambda: make_healthy(stack, _worker) and is_asked(stack))
    _worker.enhance_to("a red fox between ferns, low sun")
    _worker.requests.clear()
    return _worker


def is_asked(stack: RunningStack) -> bool:
    return enhance(stack)["enhanced_prompt"] == "warm up"


def post(stack: RunningStack, body: object, key: str | None = None) -> httpx.Response:
    return stack.call("enhance-prompt", body, key)


def enhance(stack: RunningStack, **body: Any) -> dict[str, Any]:
    answer = post(stack, {"prompt": PROMPT, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_worker_writes_by_the_template(stack: RunningStack, worker: ChatWorker) -> None:
    _, token = stack.create_user()
    answer = post(stack, {"prompt": PROMPT, "jobType": "sdxl_image_high"}, token).json()

    assert answer["success"] is True
    assert answer["original_prompt"] == PROMPT
    assert answer["enhanced_prompt"] == "a red fox between ferns, low sun"
    assert answer["enhancement_strategy"] == "template_worker"
    metadata = answer["enhancement_metadata"]
    assert metadata["template_name"] == "sdxl_enhancement_instruct"
    assert metadata["model_used"] == "m-1"
    assert metadata["content_mode"] == "sfw"
    assert metadata["expansion_percentage"] == "88.2"
    assert metadata["token_count"] == 8
    assert metadata["fallback_level"] == 0
    assert metadata["cache_hit"] is True
    request = worker.requests[0]
    assert request["path"] == "/enhance"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert "SDXL" in request["messages"][0]["content"]
    assert request["sfw_mode"] is True


@pytest.mark.parametrize(
    ("body", "template"),
    [
        ({"job_type": "wan_video_fast"}, "wan_enhancement_instruct"),
        ({"format": "mp4"}, "wan_enhancement_instruct"),
        ({"jobType": "video_high", "selectedModel": "qwen_base"}, "wan_enhancement_base"),
        ({"enhancement_model": "qwen_base", "job_type": "rv51_fast"}, "sdxl_enhancement_base"),
        ({"jobType": "rv51_high"}, "sdxl_enhancement_instruct"),
        ({"contentType": "sfw", "quality": "high", "user_id": "x"}, "sdxl_enhancement_instruct"),
    ],
)  # fmt: skip
def test_the_template_is_found_by_its_key(
    stack: RunningStack, worker: ChatWorker, body: dict[str, Any], template: str
) -> None:
    metadata = enhance(stack, **body)["enhancement_metadata"]

    assert metadata["template_name"] == template
    assert metadata["fallback_level"] == 0


def test_the_names_of_older_clients_are_read(stack: RunningStack, worker: ChatWorker) -> None:
    body = {
        "original_prompt": PROMPT,
        "job_type": "sdxl_image_fast",
        "enhancement_model": "qwen_instruct",
        "format": "image",
        "quality": "fast",
        "contentType": "sfw",
        "selectedPresets": ["golden hour"],
    }

    assert post(stack, body).json()["original_prompt"] == PROMPT


def test_a_prompt_for_adults_gets_a_safe_template_as_substitute(
    stack: RunningStack, worker: ChatWorker
) -> None:
    found = enhance(stack, prompt="a nude statue")["enhancement_metadata"]
    told = enhance(stack, prompt="a nude statue", contentType="sfw")["enhancement_metadata"]

    assert (found["content_mode"], found["fallback_level"]) == ("nsfw", 1)
    assert found["template_name"] == "sdxl_enhancement_instruct"
    assert (told["content_mode"], told["fallback_level"]) == ("sfw", 0)
    assert [request["sfw_mode"] for request in worker.requests] == [False, True]


def test_a_long_answer_is_cut_at_the_models_limit(stack: RunningStack, worker: ChatWorker) -> None:
    worker.enhance_to("Prompt: " + ", ".join(f"clause {n}" for n in range(100)))

    image = enhance(stack)["enhancement_metadata"]
    video = enhance(stack, jobType="wan_video_high")["enhancement_metadata"]
    reserved = enhance(stack, metadata={"shot_type": "close up shot", "style": "oil painting"})

    assert image["compression_applied"] is True
    assert 60 < image["token_count"] <= 75
    assert 80 < video["token_count"] <= 100
    assert reserved["enhancement_metadata"]["token_count"] <= 75 - 6
    assert reserved["enhanced_prompt"].startswith("clause 0")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {"success": False, "error": "CUDA"}),
        (200, b"<html>not a worker</html>"),
        (200, b'{"success": true, "enhanced_prompt": "half'),
        (200, {"success": False}),
        (200, {"success": True}),
        (200, {"success": True, "enhanced_prompt": 3}),
        (200, []),
        (302, {}),
        (200, {"success": True, "enhanced_prompt": "x" * (2 << 20)}),
    ],
)
def test_without_an_answer_of_a_worker_rules_enhance(
    stack: RunningStack, worker: ChatWorker, status: int, answer: Any
) -> None:
    worker.status = status
    worker.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    enhanced = enhance(stack)

    assert enhanced["enhanced_prompt"].startswith(f"{PROMPT}, light falling through leaves")
    assert enhanced["enhancement_strategy"] == "rule_based"
    assert enhanced["enhancement_metadata"]["fallback_level"] == 2
    assert enhanced["enhancement_metadata"]["model_used"] == "local-extractive"


def test_a_failing_worker_is_followed_by_another_in_the_same_request(
    stack: RunningStack, worker: ChatWorker
) -> None:
    with registered_chat_worker(stack) as other:
        other.enhance_to("by the other")
        wait_for(lambda: enhance(stack)["enhanced_prompt"] == "by the other")
        worker.status, worker.answer = 500, b""
        worker.requests.clear()

        written = {enhance(stack)["enhanced_prompt"] for _ in range(4)}

        assert written == {"by the other"}
        health = "select health from workers where base_url = %s"
        with psycopg.connect(stack.dsn, autocommit=True) as connection:
            wait_for(
                lambda: connection.execute(health, (worker.url,)).fetchone() == ("unhealthy",), 10
            )
        worker.requests.clear()
        wait_for(lambda: (enhance(stack), len(worker.requests) == 0)[1])


def test_a_worker_that_hangs_up_costs_no_request(stack: RunningStack, worker: ChatWorker) -> None:
    with serve_chat_worker() as gone:
        url = gone.url
    switch = "update workers set base_url = %s where base_url = %s"
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(switch, (url, worker.url))
        try:
            wait_for(lambda: enhance(stack)["enhancement_metadata"]["fallback_level"] == 2, 10)
        finally:
            connection.execute(switch, (worker.url, url))


def test_none_leaves_the_prompt(stack: RunningStack, worker: ChatWorker) -> None:
    enhanced = enhance(stack, selectedModel="none")

    assert enhanced["enhanced_prompt"] == PROMPT
    assert enhanced["enhancement_metadata"]["fallback_level"] == 3
    assert worker.requests == []


def test_a_modification_needs_no_model(stack: RunningStack, worker: ChatWorker) -> None:
    modified = enhance(stack, metadata={"reference_mode": "modify"})
    base = {"reference_mode": "modify", "originalEnhancedPrompt": "a fox, low sun"}
    kept = enhance(stack, prompt="", metadata=base)
    copied = enhance(stack, prompt="", metadata={"exact_copy_mode": True})

    assert modified["enhanced_prompt"] == f"maintain the same subject; {PROMPT}"
    assert modified["enhancement_strategy"] == "reference_modify_with_prompt"
    assert kept["enhanced_prompt"] == "a fox, low sun"
    assert kept["enhancement_strategy"] == "reference_modify_base_only"
    assert copied["enhancement_strategy"] == "exact_copy"
    assert worker.requests == []


@pytest.mark.parametrize(
    "prompt",
    [
        "القط الأحمر", "赤い狐", "рыжая лиса", "🦊🌲", "fox\x07\x1b[31m", "fox\u202egnp", "a\ud83d",
        "%s {prompt} $1 '; drop table jobs; --", "<script>alert(1)</script>", "a" * 10_000,
    ],
)  # fmt: skip
def test_any_text_is_a_prompt(stack: RunningStack, worker: ChatWorker, prompt: str) -> None:
    answer = post_text(stack, json.dumps({"prompt": prompt}))

    if "\ud83d" in prompt:
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_BODY")
        return
    assert answer.status_code == 200
    sent = worker.requests[0]["messages"][1]["content"]
    assert not set(sent) & set("\x07\x1b\u202e")


def post_text(stack: RunningStack, text: str) -> httpx.Response:
    with stack.client() as client:
        headers = {"content-type": "application/json"}
        return client.post("/functions/v1/enhance-prompt", content=text, headers=headers)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "PROMPT_MISSING"),
        ({"prompt": " \t\n"}, "PROMPT_MISSING"),
        ({"prompt": "\x01\x02"}, "PROMPT_MISSING"),
        ({"prompt": "a" * 100_000}, "INVALID_BODY"),
        ({"prompt": 3}, "INVALID_BODY"),
        ({"prompt": None}, "INVALID_BODY"),
        ({"prompt": ["a"]}, "INVALID_BODY"),
        ({"prompt": "a", "jobType": "hologram"}, "INVALID_BODY"),
        ({"prompt": "a", "selectedModel": "gpt-9"}, "INVALID_BODY"),
        ({"prompt": "a", "contentType": "nsfl"}, "INVALID_BODY"),
        ({"prompt": "a", "metadata": []}, "INVALID_BODY"),
        ({"prompt": "nul \x00"}, "INVALID_BODY"),
        ([], "INVALID_BODY"),
    ],
)
def test_a_wrong_body_is_refused(stack: RunningStack, body: object, code: str) -> None:
    answer = post(stack, body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_only_users_and_services_may_ask(stack: RunningStack) -> None:
    assert post(stack, {"prompt": "a"}, stack.anon_key).status_code == 401


def test_a_changed_template_is_used_within_seconds(stack: RunningStack, worker: ChatWorker) -> None:
    def system() -> str:
        enhance(stack)
        return worker.requests[-1]["messages"][0]["content"]

    update = "update prompt_templates set system_prompt = %s where template_name = %s"
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        before = system()
        connection.execute(update, ("Describe a fox.", "sdxl_enhancement_instruct"))
        try:
            wait_for(lambda: system() == "Describe a fox.", 10)
        finally:
            connection.execute(update, (before, "sdxl_enhancement_instruct"))


def test_requests_are_counted(stack: RunningStack, worker: ChatWorker) -> None:
    def counted() -> tuple[Any, ...] | None:
        with psycopg.connect(stack.dsn) as connection:
            return connection.execute(
                "select sum(requests), sum(cache_hits), sum(fallbacks), sum(errors)"
                " from function_metrics where function_name = 'enhance-prompt'"
            ).fetchone()

    def is_exposed() -> bool:
        headers = {"apikey": stack.service_role_key}
        page = httpx.get(f"{stack.url}/metrics", headers=headers, timeout=PATIENCE).text
        names = ("edge_cache_lookups_total", "edge_fallbacks_total")
        return all(f'{name}{{function="enhance-prompt"' in page for name in names)

    enhance(stack)
    post(stack, {})
    wait_for(lambda: all(counted() or (None,)), 10)
    wait_for(is_exposed, 10)
