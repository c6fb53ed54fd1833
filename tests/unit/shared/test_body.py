"""Bodies that cannot be taken, each refused by name."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import Field
from starlette.requests import Request

from shared.body import Input, read_model
from shared.errors import BadInputError, FunctionError, TooLargeError, UnsupportedMediaError

MEGABYTE = 1024 * 1024


class Inner(Input):
    tags: list[str] = Field(default_factory=list)


class Order(Input):
    id: UUID
    name: str
    inner: Inner | None = None
    notes: dict[str, Any] = Field(default_factory=dict)


def request(chunks: list[bytes], content_type: str | None = "application/json") -> Request:
    """A request whose body arrives in these chunks."""
    headers = [(b"content-type", content_type.encode())] if content_type else []
    events = iter([*chunks, b""])

    async def receive() -> dict[str, Any]:
        chunk = next(events)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def refusal(body: object, content_type: str | None = "application/json") -> FunctionError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(FunctionError) as caught:
        await read_model(request([content], content_type), Order)
    return caught.value


def faults(error: FunctionError) -> dict[str, str]:
    return {fault["field"]: fault["problem"] for fault in error.metadata["fields"]}


ID = "6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10"


async def test_a_good_body_becomes_the_model() -> None:
    body = json.dumps({"id": ID, "name": "Zoë", "notes": {"deep": [1, {"a": None}]}}).encode()

    order = await read_model(
        request([body[:10], body[10:]], "application/json; charset=utf-8"), Order
    )

    assert order.id == UUID(ID)
    assert order.name == "Zoë"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_another_content_type_is_415(content_type: str | None) -> None:
    error = await refusal({"id": ID, "name": "a"}, content_type)

    assert isinstance(error, UnsupportedMediaError)
    assert "application/json" in error.message


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "BODY_MISSING", "no body"),
        (b"  \n", "BODY_MISSING", "no body"),
        (b'{"name": "\xff"}', "INVALID_UTF8", "byte 10"),
        (b'{"name": \n oops}', "INVALID_JSON", "line 2, column 2"),
        (b'{"notes": {"a": NaN}}', "INVALID_JSON", "NaN"),
        (b"[" * 200_000, "INVALID_JSON", "nested too deeply"),
        (b'{"notes": {"a": ' + b"9" * 5000 + b"}}", "INVALID_JSON", "not valid JSON"),
    ],
)
async def test_what_is_not_json_says_where(body: bytes, code: str, message: str) -> None:
    error = await refusal(body)

    assert isinstance(error, BadInputError)
    assert error.code == code
    assert message in error.message


async def test_every_wrong_field_is_named() -> None:
    error = await refusal({"id": "7", "name": None, "inner": {"tags": ["a", 1]}, "extra": True})

    assert error.code == "INVALID_BODY"
    assert set(faults(error)) == {"id", "name", "inner.tags[1]", "extra"}
    assert all(field in error.message for field in faults(error))


async def test_a_missing_field_is_named_and_nothing_is_converted() -> None:
    error = await refusal({"id": ID})
    converted = await refusal({"id": ID, "name": 5})

    assert faults(error) == {"name": "Field required"}
    assert set(faults(converted)) == {"name"}


@pytest.mark.parametrize("body", [[], "text", 5, None])
async def test_json_that_is_no_object_is_refused(body: object) -> None:
    assert (await refusal(body)).code == "INVALID_BODY"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"id": "x", "name": "a\\u0000b"}', "name"),
        (b'{"notes": {"deep": [1, {"x": "\\u0000"}]}}', "notes.deep[1].x"),
        (b'{"notes": {"\\u0000": 1}}', "notes.(key)"),
        (b'{"inner": {"tags": ["ok", "\\ud83d"]}}', "inner.tags[1]"),
    ],
)
async def test_what_postgres_cannot_store_is_named(body: bytes, field: str) -> None:
    assert set(faults(await refusal(body))) == {field}


async def test_a_raw_nul_is_no_json() -> None:
    assert (await refusal(b'{"name": "a\x00b"}')).code == "INVALID_JSON"


async def test_a_body_over_the_limit_is_413_and_names_it() -> None:
    with pytest.raises(TooLargeError) as caught:
        await read_model(request([b"x" * MEGABYTE] * 3), Order, limit=2 * MEGABYTE)

    assert "2 MB" in caught.value.message
    assert caught.value.metadata == {"limit_bytes": 2 * MEGABYTE}


async def test_a_sender_without_end_is_not_followed() -> None:
    """After a few times the limit the rest is not even received."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * MEGABYTE

    chunks = endless()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(chunks), "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(TooLargeError):
        await read_model(Request(scope, receive), Order, limit=MEGABYTE)

    assert taken <= 6
