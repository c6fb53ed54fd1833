"""Providers and database that fail on the wire: each failure has its own status, code and words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.served_function import ROOT, Served, serve

pytestmark = pytest.mark.e2e

TEXT = "Ann: What do you think?\nBob: It is too expensive.\nAnn: I understand."


@pytest.fixture
def video(stack: RunningStack) -> str:
    """A video with a transcript and structured data; the requests made for it are forgotten."""
    body = {"collection_id": "faults", "video_id": str(uuid4()), "transcript": TEXT}
    video = stack.call("process-transcript", body).json()["data"]["video_id"]
    assert stack.call("structured-data", {"video_id": video}).status_code == 200
    httpx.delete(f"{stack.url}/providers/_faults", headers=stack.control_headers).raise_for_status()
    return video


def requests_made(stack: RunningStack) -> dict[str, dict[str, int]]:
    return httpx.get(f"{stack.url}/providers/_faults", headers=stack.control_headers).json()[
        "requests"
    ]


def check(response: httpx.Response, status: int, code: str, provider: str) -> None:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] == f"PROVIDER_{code}"
    assert error["metadata"]["provider"] == provider
    assert provider in error["message"]
    assert "Traceback" not in response.text


STATUS_FAULTS: list[tuple[dict[str, Any], int, str]] = [
    ({"status": 400}, 502, "REJECTED"),
    ({"status": 401}, 502, "AUTH"),
    ({"status": 429, "retry_after": "7"}, 503, "RATE_LIMITED"),
    ({"status": 500}, 502, "FAILED"),
    ({"status": 503}, 503, "OVERLOADED"),
]
CONNECTION_FAULTS = [("cut", "UNREACHABLE"), ("malformed_json", "MALFORMED")]


@pytest.mark.parametrize(("fault", "status", "code"), STATUS_FAULTS)
@pytest.mark.parametrize(
    ("slug", "provider", "endpoint"),
    [
        ("process-transcript", "OpenAI", "embeddings"),
        ("structured-data", "OpenAI", "responses"),
        ("voice-prompt", "Anthropic", "messages"),
    ],
)
def test_an_error_status_is_translated_and_not_retried(
    stack: RunningStack,
    video: str,
    slug: str,
    provider: str,
    endpoint: str,
    fault: dict[str, Any],
    status: int,
    code: str,
) -> None:
    stack.fault(provider=provider.lower(), endpoint=endpoint, kind="status", **fault)

    response = stack.call(slug, body_for(slug, video))

    check(response, status, code, provider)
    assert response.json()["error"]["metadata"]["request_id"]
    assert response.headers.get("retry-after") == (str(fault.get("retry_after", "")) or None)
    assert requests_made(stack)[provider.lower()] == {endpoint: 1}
    assert stack.call(slug, body_for(slug, video)).status_code == 200


def body_for(slug: str, video: str) -> dict[str, Any]:
    if slug == "process-transcript":
        return {"collection_id": "faults", "video_id": str(uuid4()), "transcript": TEXT}
    return {"video_id": video}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        *CONNECTION_FAULTS,
        ("refusal", "REFUSED"),
        ("content_filter", "CONTENT_FILTER"),
        ("truncated", "INCOMPLETE"),
        ("truncated_silently", "TRUNCATED"),
        ("invalid_schema", "WRONG_SCHEMA"),
        ("empty", "MALFORMED"),
        ("failed", "FAILED"),
    ],
)
def test_an_answer_of_openai_that_is_none_is_named(
    stack: RunningStack, video: str, kind: str, code: str
) -> None:
    stack.fault(provider="openai", endpoint="responses", kind=kind)

    check(stack.call("structured-data", {"video_id": video}), 502, code, "OpenAI")
    assert requests_made(stack)["openai"] == {"responses": 1}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        *CONNECTION_FAULTS,
        ("refusal", "REFUSED"),
        ("truncated", "INCOMPLETE"),
        ("truncated_silently", "TRUNCATED"),
        ("invalid_schema", "WRONG_SCHEMA"),
        ("empty", "MALFORMED"),
    ],
)
def test_an_answer_of_anthropic_that_is_none_is_named(
    stack: RunningStack, video: str, kind: str, code: str
) -> None:
    stack.fault(provider="anthropic", endpoint="messages", kind=kind)

    check(stack.call("voice-prompt", {"video_id": video}), 502, code, "Anthropic")
    assert requests_made(stack)["anthropic"] == {"messages": 1}


def test_anthropic_overloaded_is_worth_another_try(stack: RunningStack, video: str) -> None:
    stack.fault(provider="anthropic", kind="status", status=529)

    check(stack.call("voice-prompt", {"video_id": video}), 503, "OVERLOADED", "Anthropic")


def test_an_empty_account_is_told_from_a_busy_one(stack: RunningStack, video: str) -> None:
    stack.fault(provider="openai", kind="status", status=429, code="insufficient_quota")

    check(stack.call("structured-data", {"video_id": video}), 502, "QUOTA_EXHAUSTED", "OpenAI")


@pytest.mark.parametrize(
    ("kind", "code"),
    [*CONNECTION_FAULTS, ("wrong_dimensions", "MALFORMED"), ("empty", "MALFORMED")],
)
def test_embeddings_that_are_none_store_nothing(stack: RunningStack, kind: str, code: str) -> None:
    body = {"collection_id": "faults", "video_id": str(uuid4()), "transcript": TEXT}
    stack.fault(provider="openai", endpoint="embeddings", kind=kind)

    check(stack.call("process-transcript", body), 502, code, "OpenAI")
    again = stack.call("process-transcript", body).json()["data"]["result"]
    assert again["reused"] is False


def test_embeddings_out_of_order_are_put_in_order(stack: RunningStack) -> None:
    text = "\n".join(f"Ann: Sentence number {n} about pricing and pilots." for n in range(600))
    straight, shuffled = str(uuid4()), str(uuid4())
    body = {"collection_id": "faults", "transcript": text}
    first = stack.call("process-transcript", {**body, "video_id": straight}).json()["data"]
    stack.fault(provider="openai", endpoint="embeddings", kind="unordered")

    second = stack.call("process-transcript", {**body, "video_id": shuffled}).json()["data"]

    assert embeddings(stack, first["video_id"]) == embeddings(stack, second["video_id"])


def embeddings(stack: RunningStack, video: str) -> list[str]:
    with stack.client() as client:
        rows = client.get(
            "/rest/v1/transcript_chunks",
            params={
                "select": "embedding,transcripts!inner(video_id)",
                "transcripts.video_id": f"eq.{video}",
                "order": "chunk_index",
            },
        ).json()
    assert len(rows) > 3
    return [row["embedding"] for row in rows]


def environment(stack: RunningStack) -> dict[str, str]:
    return {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "OPENAI_BASE_URL": f"{stack.url}/providers/openai/v1",
        "ANTHROPIC_BASE_URL": f"{stack.url}/providers/anthropic",
        "OPENAI_TIMEOUT_SECONDS": "0.5",
        "ANTHROPIC_TIMEOUT_SECONDS": "0.5",
    }


@pytest.fixture(params=["structured_data", "voice_prompt"])
def impatient(
    request: pytest.FixtureRequest, stack: RunningStack, tmp_path: Path
) -> Iterator[tuple[Served, str]]:
    """A function that gives its provider half a second."""
    folder = ROOT / "functions" / request.param
    provider = "OpenAI" if request.param == "structured_data" else "Anthropic"
    with serve(folder, tmp_path / "log", environment(stack)) as served:
        yield served, provider


def test_a_provider_that_hangs_is_504(
    stack: RunningStack, video: str, impatient: tuple[Served, str]
) -> None:
    served, provider = impatient
    stack.fault(provider=provider.lower(), kind="hang", seconds=20)

    response = served.client.post(
        "/", json={"video_id": video}, headers={"apikey": stack.service_role_key}
    )

    check(response, 504, "TIMEOUT", provider)


def test_chat_completions_serve_where_there_are_no_responses(
    stack: RunningStack, video: str, tmp_path: Path
) -> None:
    chatting = {**environment(stack), "OPENAI_API_MODE": "chat", "OPENAI_TIMEOUT_SECONDS": "20"}
    with serve(ROOT / "functions/structured_data", tmp_path / "log", chatting) as served:
        answers = [
            served.client.post(
                "/", json={"video_id": video}, headers={"apikey": stack.service_role_key}
            )
            for _ in misbehave(stack, [None, "refusal", "truncated"])
        ]

    assert answers[0].status_code == 200
    check(answers[1], 502, "REFUSED", "OpenAI")
    check(answers[2], 502, "INCOMPLETE", "OpenAI")
    assert requests_made(stack)["openai"] == {"chat": 3}


def misbehave(stack: RunningStack, kinds: list[str | None]) -> Iterator[None]:
    for kind in kinds:
        if kind:
            stack.fault(provider="openai", endpoint="chat", kind=kind)
        yield


def test_a_long_transcript_is_searched_within_the_budget(
    stack: RunningStack, tmp_path: Path
) -> None:
    turns = (f"Ann: Point {n}, we could talk about our product number {n}." for n in range(900))
    text = "\n".join(turns) + "\nBob: Honestly, it is too expensive for us.\nAnn: I understand."
    body = {"collection_id": "faults", "video_id": str(uuid4()), "transcript": text}
    stored = stack.call("process-transcript", body).json()["data"]
    small = {
        **environment(stack),
        "ANALYSIS_TOKEN_BUDGET": "6000",
        "OPENAI_TIMEOUT_SECONDS": "30",
    }
    with serve(ROOT / "functions/structured_data", tmp_path / "log", small) as served:
        response = served.client.post(
            "/", json={"video_id": stored["video_id"]}, headers={"apikey": stack.service_role_key}
        )

    assert response.status_code == 200, response.text
    assert stored["result"]["chunk_count"] > 6
    with stack.client() as client:
        row = client.get(
            "/rest/v1/generated_outputs",
            params={"video_id": f"eq.{stored['video_id']}", "output_type": "eq.analysis"},
        ).json()[0]
    assert len(row["metadata"]["chunk_ids"]) == 6
    assert "too expensive" in json.dumps(response.json())


def test_a_database_that_is_gone_is_503_until_it_is_back(stack: RunningStack, video: str) -> None:
    stack.cluster.stop()
    try:
        gone = stack.call("voice-prompt", {"video_id": video})
    finally:
        stack.cluster.start()
    back = stack.call("voice-prompt", {"video_id": video})

    assert gone.status_code == 503
    assert gone.json()["error"]["code"] == "DATABASE_UNAVAILABLE"
    assert back.status_code == 200


@pytest.mark.parametrize("fault", [{"kind": "invalid_schema"}, {"kind": "status", "status": 400}])
def test_the_log_tells_where_it_failed_but_quotes_nobody(
    stack: RunningStack, video: str, tmp_path: Path, fault: dict[str, Any]
) -> None:
    with serve(ROOT / "functions/structured_data", tmp_path / "log", environment(stack)) as served:
        stack.fault(provider="openai", endpoint="responses", **fault)
        response = served.client.post(
            "/", json={"video_id": video}, headers={"apikey": stack.service_role_key}
        )
        log = served.log()

    assert response.status_code == 502
    assert "shared/llm/" in log["error"]["traceback"]
    assert "too expensive" not in json.dumps(log)
    assert "input_value" not in json.dumps(log)
