"""Errors as the log tells them: always where, never what somebody said."""

import json
from collections.abc import Callable

import anthropic
import httpx2
import openai
import pytest
from postgrest.exceptions import APIError
from pydantic import BaseModel

from shared.errors import ConfigurationError
from shared.runtime.traceback import render_trace

SAID = "Ann: Our margin is eleven percent, but keep that to yourself."


class Answer(BaseModel):
    count: int


def response(status: int) -> httpx2.Response:
    request = httpx2.Request("POST", "https://api.example.com/v1/responses", content=SAID)
    return httpx2.Response(status, text=SAID, request=request, headers={"x-request-id": "req_7"})


def fail_by_pydantic() -> None:
    Answer.model_validate_json(json.dumps({"count": SAID}))


def fail_by_json() -> None:
    json.loads(f"{SAID}")


def fail_by_openai() -> None:
    raise openai.BadRequestError(f"bad: {SAID}", response=response(400), body={"message": SAID})


def fail_by_anthropic() -> None:
    raise anthropic.BadRequestError(f"bad: {SAID}", response=response(400), body={"text": SAID})


def fail_by_database() -> None:
    details = f"Failing row contains ({SAID})."
    raise APIError({"code": "23502", "message": "null value in column", "details": details})


@pytest.mark.parametrize(
    ("fail", "told"),
    [
        (fail_by_pydantic, "ValidationError: title=Answer"),
        (fail_by_json, "JSONDecodeError: msg=Expecting value, lineno=1, colno=1"),
        (fail_by_openai, "BadRequestError: status_code=400, request_id=req_7"),
        (fail_by_anthropic, "BadRequestError: status_code=400"),
        (fail_by_database, "APIError: code=23502, message=null value in column"),
    ],
)
def test_who_quotes_is_not_quoted(fail: Callable[[], None], told: str) -> None:
    error = ConfigurationError("It is set up wrongly.")
    with pytest.raises(Exception, match=r".") as caught:
        fail()
    error.__cause__ = caught.value

    text = render_trace(error)

    assert SAID not in text
    assert "margin" not in text
    assert told in text
    assert fail.__name__ in text
    assert text.rstrip().endswith("shared.errors.ConfigurationError: It is set up wrongly.")


def test_an_error_of_ones_own_is_told_in_full() -> None:
    nothing: dict[str, int] = {}
    with pytest.raises(KeyError) as caught:
        nothing["the key"]

    text = render_trace(caught.value)

    assert "test_traceback.py" in text
    assert text.rstrip().endswith("KeyError: 'the key'")


def test_a_long_message_is_cut() -> None:
    text = render_trace(ValueError("x" * 1000))

    assert "(1,000 characters)" in text
    assert len(text) < 500


def test_all_errors_of_a_group_are_told() -> None:
    group = ExceptionGroup("two", [ValueError("first"), KeyError("second")])

    text = render_trace(group)

    assert "ValueError: first" in text
    assert "KeyError: 'second'" in text


def test_an_error_that_recurs_ends() -> None:
    def recur() -> None:
        recur()

    with pytest.raises(RecursionError) as caught:
        recur()

    assert len(render_trace(caught.value)) < 5000


def test_a_circle_of_causes_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert render_trace(one).count("ValueError") == 2
