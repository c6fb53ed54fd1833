"""Bodies that an emulated provider refuses: too large, too many values, no text."""

from collections.abc import Iterator

import httpx
import pytest

from edge.emulator.providers.body import MAX_BYTES, MAX_CONTROL_BYTES

KEYS = {"authorization": "Bearer any", "anthropic-version": "2023-06-01"}
ENDPOINTS = (
    "/openai/v1/responses",
    "/openai/v1/chat/completions",
    "/openai/v1/embeddings",
    "/anthropic/v1/messages",
    "/anthropic/v1/messages/count_tokens",
    "/retell/v2/create-phone-call",
    "/retell/v3/list-calls",
)
CONTROLS = ("/_faults", "/retell/_control")


def in_chunks(size: int) -> Iterator[bytes]:
    yield b'{"input": "'
    for _ in range(size >> 16):
        yield b"x" * (1 << 16)


@pytest.mark.parametrize("path", [*ENDPOINTS, *CONTROLS])
def test_a_body_too_large_is_413(http: httpx.Client, path: str) -> None:
    chunked = http.post(path, headers=KEYS, content=in_chunks(MAX_BYTES + (1 << 17)))

    assert chunked.status_code == 413


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_announced_too_large_is_413_in_the_providers_shape(
    http: httpx.Client, path: str
) -> None:
    answer = http.post(path, headers=KEYS, content=b" " * (MAX_BYTES + 1))

    assert answer.status_code == 413
    assert {"error", "message"} & answer.json().keys()


@pytest.mark.parametrize("path", CONTROLS)
def test_a_control_is_short(http: httpx.Client, path: str) -> None:
    answer = http.post(path, content=b"{" + b" " * MAX_CONTROL_BYTES + b"}")

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ENDPOINTS)
def test_who_has_no_key_is_told_so_before_the_body_is_read(http: httpx.Client, path: str) -> None:
    assert http.post(path, content=b" " * (MAX_BYTES + 1)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [' + b"{}," * 60_000 + b"{}]}",
        b'{"a": [' + b"[]," * 60_000 + b"[]]}",
        b'{"a": [' + b"1," * 410_000 + b"1]}",
        b'{"a": {' + b",".join(b'"%d":1' % n for n in range(110_000)) + b"}}",
        b'{"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        b'{"input": "\\ud83d", "model": "m"}',
        b'{"\\udc00": 1}',
        b'{"input": "\xed\xa0\xbd", "model": "m"}',
        b'{"input": "\xff"}',
        '{"input": "x"}'.encode("utf-16"),
        b"[]",
        b"",
        b"\x00",
    ],
    ids=range(13),
)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_that_holds_too_much_or_no_text_is_400(
    http: httpx.Client, path: str, body: bytes
) -> None:
    assert http.post(path, headers=KEYS, content=body).status_code == 400


def test_a_whole_pair_of_surrogates_and_a_byte_order_mark_are_text(http: httpx.Client) -> None:
    body = b'\xef\xbb\xbf{"model": "m", "input": "\\ud83d\\ude00 \\\\ud83d"}'
    answer = http.post("/openai/v1/responses", headers=KEYS, content=body)

    assert answer.status_code == 200
