"""Bodies that cannot be taken, each refused by name."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import Field
from starlette.requests import Request

from shared.errors import BadInputError, FunctionError, TooLargeError, UnsupportedMediaError
from shared.http.body import Input, read_model

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
        (b"[" * 50_000, "INVALID_JSON", "nested too deeply"),
        (b'{"notes": {"a": -Infinity}}', "INVALID_JSON", "-Infinity"),
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


@pytest.mark.parametrize(
    ("number", "problem"),
    [(b"1e999", "too large"), (b"-1e999", "too large"), (b"9" * 1001, "digits")],
)
async def test_a_number_that_nobody_can_hold_is_named(number: bytes, problem: str) -> None:
    error = await refusal(b'{"id": 1, "notes": {"a": [0, ' + number + b"]}}")

    assert set(faults(error)) == {"notes.a[1]"}
    assert problem in faults(error)["notes.a[1]"]


async def test_a_number_of_many_digits_is_kept() -> None:
    body = b'{"id": "%s", "name": "a", "notes": {"a": %s}}' % (ID.encode(), b"9" * 1000)

    order = await read_model(request([body]), Order)

    assert order.notes["a"] == 10**1000 - 1


async def test_of_many_faults_the_first_are_named_and_all_are_counted() -> None:
    error = await refusal({f"unknown{n}": n for n in range(90_000)})

    assert len(faults(error)) == 20
    assert error.metadata["total"] == 90_002
    assert "and 89,982 more" in error.message
    assert len(error.message) < 3000


async def test_of_many_texts_that_cannot_be_stored_likewise() -> None:
    error = await refusal({"notes": {"a": ["\x00"] * 500}})

    assert len(faults(error)) == 20
    assert error.metadata["total"] == 500


@pytest.mark.parametrize("name", ["n" * 5 * MEGABYTE, "\ud83d" * 200, "é" * 200])
async def test_a_long_or_broken_name_is_cut_to_what_can_be_sent(name: str) -> None:
    error = await refusal({"id": ID, "name": "a", "notes": {name: {"x": "\x00"}}})

    assert all(len(field) <= 100 for field in faults(error))
    assert len(json.dumps(error.metadata, ensure_ascii=False).encode()) < 500
    assert len(error.message.encode()) < 500


async def test_a_long_name_above_many_values_takes_no_more_memory_than_the_body() -> None:
    body = {"id": ID, "name": "a", "notes": {"n" * 2 * MEGABYTE: ["x"] * 50_000}}
    content = json.dumps(body).encode()

    tracemalloc.start()
    await read_model(request([content]), Order)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 40 * MEGABYTE


@pytest.mark.parametrize("values", [b"[" + b"{}," * 100_000 + b"{}]", b'{"a":[' + b"1," * 100_001])
async def test_more_values_than_memory_should_hold_are_413(values: bytes) -> None:
    error = await refusal(values)

    assert (error.status, error.code) == (413, "TOO_MANY_VALUES")
    assert error.metadata == {"limit_values": 100_000}


async def test_commas_and_brackets_in_a_text_are_no_values() -> None:
    text = 'a, "b" \\ [c], {d} ' * 100_000
    body = json.dumps({"id": ID, "name": text}).encode()

    assert (await read_model(request([body]), Order)).name == text


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
