"""What `endpoint` does around a handler, through the production loader and real HTTP."""

import re

import pytest

from tests.support.served_function import PUBLISHABLE_KEY, SECRET_KEY, Served, user_token

pytestmark = pytest.mark.process

SECRET = {"apikey": SECRET_KEY}


def test_a_preflight_is_answered_without_credentials(every_outcome: Served) -> None:
    response = every_outcome.client.options("/")

    assert response.status_code == 200
    assert response.text == "ok"
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = response.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "traceparent", "tracestate", "baggage"} <= set(allowed)
    assert "POST" in response.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/created", 201),
        ("/text", 200),
        ("/conflict", 409),
        ("/unavailable", 503),
        ("/misconfigured", 500),
        ("/crash", 500),
        ("/elsewhere", 500),
        ("/own-timeout", 500),
        ("/endless", 504),
    ],
)
def test_every_outcome_has_its_status_cors_and_request_id(
    every_outcome: Served, path: str, status: int
) -> None:
    response = every_outcome.client.get(path, headers={**SECRET, "X-Request-Id": "run-12345678"})

    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["x-request-id"] == "run-12345678"
    log = every_outcome.log()
    assert log["request_id"] == "run-12345678"
    assert log["status"] == status
    assert log["function"] == "every-outcome"
    assert log["outcome"] == ("success" if status < 400 else "error")
    assert log["stages"]["end"]["status"] == ("success" if status < 400 else "error")


def test_an_error_is_told_by_code_message_and_error(every_outcome: Served) -> None:
    response = every_outcome.client.get("/conflict", headers=SECRET)

    assert response.json() == {
        "code": "TAKEN",
        "message": "Taken.",
        "error": "Taken.",
        "metadata": {"by": "somebody"},
    }


def test_an_errors_headers_are_sent(every_outcome: Served) -> None:
    response = every_outcome.client.get("/unavailable", headers=SECRET)

    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("path", "hidden"), [("/crash", "hunter2"), ("/misconfigured", "THE_SECRET_NAME")]
)
def test_an_unexpected_failure_says_nothing_but_logs_everything(
    every_outcome: Served, path: str, hidden: str
) -> None:
    response = every_outcome.client.get(path, headers=SECRET)

    assert response.json()["code"] == "INTERNAL_ERROR"
    assert hidden not in response.text
    assert hidden in every_outcome.log()["error"]["traceback"]


def test_who_takes_too_long_is_stopped_before_the_platform_does(every_outcome: Served) -> None:
    response = every_outcome.client.get("/endless", headers=SECRET)

    assert response.json()["code"] == "REQUEST_TIMEOUT"
    assert "2 s" in response.json()["message"]
    assert 2000 <= every_outcome.log()["duration_ms"] < 6000


@pytest.mark.parametrize("path", ["/elsewhere", "/own-timeout"])
def test_a_failure_that_only_looks_like_ours_is_not_told_as_one(
    every_outcome: Served, path: str
) -> None:
    response = every_outcome.client.get(path, headers=SECRET)

    assert response.json()["code"] == "INTERNAL_ERROR"


def test_another_method_is_405_and_told_which_are_right(every_outcome: Served) -> None:
    response = every_outcome.client.delete("/", headers=SECRET)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST, OPTIONS"


def test_the_modes_are_told_apart(every_outcome: Served) -> None:
    def mode(**headers: str) -> str:
        return every_outcome.client.get("/", headers=headers).json()["mode"]

    token = user_token()
    assert mode(apikey=PUBLISHABLE_KEY) == "publishable"
    assert mode(apikey=SECRET_KEY) == "secret"
    assert mode(authorization=f"Bearer {token}") == "user"


@pytest.mark.parametrize("path", ["/", "/every-outcome", "/every-outcome/", "/other"])
def test_the_subpath_does_not_depend_on_the_platform(every_outcome: Served, path: str) -> None:
    response = every_outcome.client.get(path, headers=SECRET)

    assert response.json()["path"] == ("/other" if path == "/other" else "/")


def test_a_request_id_that_could_forge_a_log_is_replaced(every_outcome: Served) -> None:
    response = every_outcome.client.get("/", headers={**SECRET, "X-Request-Id": 'a", "b": "c'})

    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-request-id"])
