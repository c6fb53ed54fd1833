"""What no caller should send, through the gateway: a clear answer each time, and no damage."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from edge.tokens import mint
from tests.conftest import RunningStack

pytestmark = pytest.mark.e2e

GOOD: dict[str, Any] = {"collection_id": "c", "video_id": "v", "transcript": "Ann: Hi."}
MEGABYTE = 1024 * 1024


def post(stack: RunningStack, content: bytes, **headers: str) -> httpx.Response:
    with stack.client() as client:
        return client.post(
            "/functions/v1/process-transcript",
            content=content,
            headers={"content-type": "application/json", **headers},
        )


def fields(response: httpx.Response) -> set[str]:
    return {fault["field"] for fault in response.json()["error"]["metadata"]["fields"]}


def too_long_a_transcript() -> bytes:
    return json.dumps({**GOOD, "transcript": "x" * 5 * MEGABYTE}).encode()


def too_large_a_body() -> bytes:
    return json.dumps({**GOOD, "transcript": "x" * 11 * MEGABYTE}).encode()


def too_many_values() -> bytes:
    return json.dumps({f"field{n}": n for n in range(400_000)}).encode()


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"not json", 400, "INVALID_JSON"),
        (b"", 400, "BODY_MISSING"),
        (json.dumps(GOOD).encode("utf-16"), 400, "INVALID_UTF8"),
        (too_long_a_transcript, 413, "TRANSCRIPT_TOO_LONG"),
        (too_large_a_body, 413, "BODY_TOO_LARGE"),
        (too_many_values, 413, "TOO_MANY_VALUES"),
        (b'{"metadata": {"n": NaN}}', 400, "INVALID_JSON"),
    ],
)
def test_a_body_that_cannot_be_taken(
    stack: RunningStack, content: bytes | Callable[[], bytes], status: int, code: str
) -> None:
    response = post(stack, content if isinstance(content, bytes) else content())

    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.headers["access-control-allow-origin"] == "*"
    assert post(stack, json.dumps(GOOD).encode()).status_code == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"transcript": None}, {"transcript"}),
        ({"transcript": ""}, {"transcript"}),
        ({"transcript": " \n\t"}, {"transcript"}),
        ({"transcript": 5, "video_id": ["v"]}, {"transcript", "video_id"}),
        ({"video_id": "", "collection_id": " "}, {"video_id", "collection_id"}),
        ({"metadata": "none"}, {"metadata"}),
        ({"transcript": "a\x00b"}, {"transcript"}),
        ({"metadata": {"a": {"b": "\x00"}}}, {"metadata.a.b"}),
        ({"extra": 1, "more": 2}, {"extra", "more"}),
    ],
)
def test_every_wrong_field_is_named(
    stack: RunningStack, change: dict[str, Any], named: set[str]
) -> None:
    response = stack.call("process-transcript", {**GOOD, **change})

    assert response.status_code == 400
    assert fields(response) == named


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 5000])
def test_a_number_that_cannot_be_stored_is_named(stack: RunningStack, number: bytes) -> None:
    response = post(
        stack, json.dumps({**GOOD, "metadata": {"n": 0}}).encode().replace(b"0", number)
    )

    assert response.status_code == 400
    assert fields(response) == {"metadata.n"}


def test_a_body_of_nothing_but_unknown_fields_gets_a_short_answer(stack: RunningStack) -> None:
    response = post(stack, json.dumps({f"{'x' * 80}{n}": n for n in range(90_000)}).encode())

    assert response.status_code == 400
    assert response.json()["error"]["metadata"]["total"] == 90_003
    assert len(response.content) < 10_000


@pytest.mark.parametrize("slug", ["structured-data", "voice-prompt"])
@pytest.mark.parametrize("value", ["x" * 257, 7, None, ""])
def test_an_id_that_is_none_is_named(stack: RunningStack, slug: str, value: object) -> None:
    response = stack.call(slug, {"video_id": value})

    assert response.status_code == 400
    assert fields(response) == {"video_id"}


def test_another_content_type_is_415(stack: RunningStack) -> None:
    response = post(stack, json.dumps(GOOD).encode(), **{"content-type": "text/plain"})

    assert response.status_code == 415


def test_get_is_405(stack: RunningStack) -> None:
    with stack.client() as client:
        response = client.get("/functions/v1/process-transcript")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("kind", ["none", "malformed", "expired", "forged"])
def test_the_platform_refuses_a_bad_token_before_the_function_does(
    stack: RunningStack, kind: str
) -> None:
    tokens = {
        "none": None,
        "malformed": "abc",
        "expired": mint(stack.jwt_secret, "authenticated", exp=int(time.time()) - 5),
        "forged": mint("another-secret-that-is-long-enough-to-sign", "authenticated"),
    }
    token = tokens[kind]
    headers = {"authorization": f"Bearer {token}"} if token else {}

    response = httpx.post(
        f"{stack.url}/functions/v1/process-transcript", json=GOOD, headers=headers
    )

    assert response.status_code == 401
    assert response.json()["code"].startswith("UNAUTHORIZED_")


def test_the_anonymous_key_is_not_enough(stack: RunningStack) -> None:
    for key in (stack.anon_key, stack.publishable_key):
        response = stack.call("process-transcript", GOOD, key)

        assert response.status_code == 401
        assert response.json()["error"]["code"] == "INVALID_CREDENTIALS"


def test_a_preflight_needs_nothing(stack: RunningStack) -> None:
    response = httpx.options(f"{stack.url}/functions/v1/voice-prompt")

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
