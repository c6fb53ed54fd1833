"""What a failed call of the data API means to the caller of a function."""

import re

import httpx
import pytest
from postgrest.exceptions import APIError

from shared.database.clients import translate_database_error
from shared.errors import FunctionError

PROJECT = "http://project.test"


def translate(code: str, message: str = "m", details: str | None = None) -> FunctionError:
    error = translate_database_error(
        APIError({"code": code, "message": message, "details": details}), PROJECT
    )
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("PGRST000", 503, "DATABASE_UNAVAILABLE"),
        ("PGRST003", 503, "DATABASE_UNAVAILABLE"),
        ("08006", 503, "DATABASE_UNAVAILABLE"),
        ("53300", 503, "DATABASE_UNAVAILABLE"),
        ("57014", 504, "DATABASE_TIMEOUT"),
        ("40001", 503, "DATABASE_BUSY"),
        ("40P01", 503, "DATABASE_BUSY"),
        ("55P03", 503, "DATABASE_BUSY"),
        ("57P01", 503, "DATABASE_UNAVAILABLE"),
        ("502", 503, "DATABASE_UNAVAILABLE"),
        ("PGRST301", 401, "INVALID_CREDENTIALS"),
        ("42501", 403, "FORBIDDEN"),
        ("23505", 409, "CONFLICT"),
        ("23503", 409, "CONFLICT"),
        ("42P01", 500, "INTERNAL_ERROR"),
        ("22P02", 500, "INTERNAL_ERROR"),
        ("PGRST204", 500, "INTERNAL_ERROR"),
    ],
)
def test_a_database_error_has_a_meaning(code: str, status: int, name: str) -> None:
    error = translate(code)

    assert (error.status, error.code) == (status, name)


def test_what_sql_raises_on_purpose_reaches_the_caller() -> None:
    error = translate("PT409", "It belongs to somebody else.", "VIDEO_TAKEN")

    assert (error.status, error.code) == (409, "VIDEO_TAKEN")
    assert error.message == "It belongs to somebody else."


def test_what_sql_says_by_accident_does_not() -> None:
    error = translate("42703", 'column "password_hash" does not exist')

    assert "password_hash" not in error.message


FAILURES = [httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError]


@pytest.mark.parametrize("kind", FAILURES)
def test_no_connection_is_worth_another_try(kind: type[httpx.TransportError]) -> None:
    request = httpx.Request("POST", f"{PROJECT}/rest/v1/rpc/store_transcript")

    error = translate_database_error(kind("x", request=request), PROJECT)

    assert error is not None
    assert error.status == 503
    assert error.headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("kind", "status", "code", "message"),
    [
        (
            httpx.ReadTimeout,
            504,
            "DATABASE_TIMEOUT",
            "did not answer within 12 s, the limit of this",
        ),
        (httpx.PoolTimeout, 503, "DATABASE_BUSY", "connections of this function .* stayed busy"),
    ],
)
def test_a_slow_database_is_not_an_unreachable_one(
    kind: type[httpx.TransportError], status: int, code: str, message: str
) -> None:
    timeout = httpx.Timeout(12).as_dict()
    request = httpx.Request("POST", f"{PROJECT}/rest/v1/rpc/x", extensions={"timeout": timeout})

    error = translate_database_error(kind("x", request=request), PROJECT)

    assert error is not None
    assert (error.status, error.code) == (status, code)
    assert re.search(message, error.message)


def test_other_errors_are_none_of_the_databases() -> None:
    assert translate_database_error(KeyError("x"), PROJECT) is None


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/rest/v1/videos",
        "http://project.test:8000/rest/v1/videos",
        "https://project.test/rest/v1/videos",
        None,
    ],
)
def test_no_connection_to_somebody_else_is_not_the_databases(
    kind: type[httpx.TransportError], url: str | None
) -> None:
    request = httpx.Request("GET", url) if url else None

    assert translate_database_error(kind("x", request=request), PROJECT) is None
