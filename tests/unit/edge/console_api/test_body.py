"""Bodies of the console's API: size, and values that no event loop can wait for."""

import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Message

from edge.console_api.body import read_body
from edge.console_api.errors import ApiError


class Statement(BaseModel):
    sql: str = ""


def request_of(body: bytes) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_a_body_of_too_many_values_is_refused_before_it_is_parsed() -> None:
    body = b'{"sql": "", "more": [' + b"[]," * 60_000 + b"[]]}"

    with pytest.raises(ApiError) as caught:
        await read_body(request_of(body), Statement)

    assert (caught.value.status, caught.value.code) == (413, "BODY_TOO_LARGE")


async def test_a_long_statement_is_one_value() -> None:
    sql = "select 1 in (" + "1, " * 200_000 + "1)"

    read = await read_body(request_of(Statement(sql=sql).model_dump_json().encode()), Statement)

    assert read.sql == sql
