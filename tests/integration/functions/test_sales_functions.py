"""What the three functions refuse before they need anybody, and what they cannot do without."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.served_function import PUBLISHABLE_KEY, ROOT, SECRET_KEY, Served, user_token

pytestmark = pytest.mark.process

ID = "6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10"
SECRET = {"apikey": SECRET_KEY}


def good_body(served: Served) -> dict[str, Any]:
    if "process-transcript" in served.log_file.name:
        return {"collection_id": "c", "video_id": "v", "transcript": "Ann: Hello."}
    return {"video_id": ID}


def check_envelope(body: dict[str, Any], code: str) -> None:
    assert body["status"] == "error"
    assert body["error"]["code"] == body["code"] == code
    assert body["error"]["message"] == body["message"]
    assert set(body["data"]) == {"result", "processing_time", "video_id", "output_type"}
    assert body["data"]["result"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"apikey": PUBLISHABLE_KEY},
        {"authorization": f"Bearer {PUBLISHABLE_KEY}"},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": f"Bearer {user_token(exp=1)}"},
        {"authorization": f"Bearer {user_token()[:-3]}abc"},
        {"apikey": "sb_secret_forged"},
    ],
)
def test_without_a_valid_credential_it_is_401(
    sales_function: Served, headers: dict[str, str]
) -> None:
    response = sales_function.client.post("/", json=good_body(sales_function), headers=headers)

    assert response.status_code == 401
    check_envelope(response.json(), "INVALID_CREDENTIALS")


def test_get_is_405(sales_function: Served) -> None:
    response = sales_function.client.get("/", headers=SECRET)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"
    check_envelope(response.json(), "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{oops", "application/json", 400, "INVALID_JSON"),
        (b"", "application/json", 400, "BODY_MISSING"),
        (b'{"a": "\xff"}', "application/json", 400, "INVALID_UTF8"),
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", "application/json", 400, "INVALID_BODY"),
        (b" " * (10 * 1024 * 1024 + 1), "application/json", 413, "BODY_TOO_LARGE"),
    ],
)
def test_a_bad_body_is_refused(
    sales_function: Served, content: bytes, content_type: str, status: int, code: str
) -> None:
    response = sales_function.client.post(
        "/", content=content, headers={**SECRET, "content-type": content_type}
    )

    assert response.status_code == status
    check_envelope(response.json(), code)


def test_missing_and_unknown_fields_are_named(sales_function: Served) -> None:
    response = sales_function.client.post("/", json={"surprise": 1}, headers=SECRET)

    named = {fault["field"] for fault in response.json()["error"]["metadata"]["fields"]}
    assert named == {*good_body(sales_function), "surprise"}


def test_without_a_database_it_is_503(sales_function: Served) -> None:
    headers = {"authorization": f"Bearer {user_token()}", "apikey": PUBLISHABLE_KEY}

    response = sales_function.client.post("/", json=good_body(sales_function), headers=headers)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    check_envelope(response.json(), "DATABASE_UNAVAILABLE")
    assert "127.0.0.1" not in response.text


@pytest.mark.parametrize(
    ("function", "foreign"),
    [
        ("process_transcript", {"anthropic"}),
        ("structured_data", {"anthropic", "semantic_text_splitter"}),
        ("voice_prompt", {"openai", "semantic_text_splitter"}),
    ],
)
def test_a_function_imports_only_what_it_uses(function: str, foreign: set[str]) -> None:
    program = f"""
import json, sys
from functions_framework.aio import create_asgi_app
create_asgi_app("main", "functions/{function}/main.py")
print(json.dumps([name for name in sys.modules if "." not in name]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )

    imported = set(json.loads(done.stdout))
    assert not imported & (foreign | {"supabase"})
