"""Secrets are replaced by name, by shape and by value, whatever the body's format; nothing else."""

import json
import time

import pytest

from edge.recording.redaction import Redaction, secret_values

REDACTION = Redaction(["card_number"], ["hunter2hunter2", "geheimnüß"])
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("body", "content_type", "stored"),
    [
        (b'{"password":"a\\"b","n":1}', "", b'{"password":"[redacted]","n":1}'),
        (b'{"Access-Token" : 12, "x":2}', "", b'{"Access-Token" : "[redacted]", "x":2}'),
        (b'{"a":{"api_key":"k"}}', "", b'{"a":{"api_key":"[redacted]"}}'),
        (b'{"cardNumber":"4242"}', "", b'{"cardNumber":"[redacted]"}'),
        (b'{"password":"cut in the mid', "", b'{"password":"[redacted]"'),
        (b'{"s":"{\\"secret\\":\\"x\\"}"}', "", b'{"s":"{\\"secret\\":\\"[redacted]\\"}"}'),
        (b"u=ada&password=x%20y&z=1", "application/x-www-form-urlencoded", None),
        (b'name="password"\r\n\r\nx\r\n--b', "multipart/form-data; boundary=b", None),
        (f"see {JWT}.".encode(), "", b"see [redacted]."),
        (b"sb_secret_abc and sk-abcdefghijklmnopqrst", "", b"[redacted] and [redacted]"),
        (b'{"key": "wk_%b"}' % (b"0f" * 32), "", b'{"key": "[redacted]"}'),
        (b"postgres://u:pw@host/db", "", b"postgres://u:[redacted]@host/db"),
        (b'postgres://u:p"w@host/db', "", b"postgres://u:[redacted]@host/db"),
        (b"it is hunter2hunter2", "", b"it is [redacted]"),
        ("es ist geheimnüß".encode(), "", b"es ist [redacted]"),
    ],
)
def test_secrets_are_replaced(body: bytes, content_type: str, stored: bytes | None) -> None:
    found, is_redacted = REDACTION.redact_body(body, content_type)

    assert is_redacted
    assert b"[redacted]" in found
    assert stored is None or found == stored


@pytest.mark.parametrize(
    "body",
    [
        b'{"max_tokens": 5, "total_tokens": 7, "keyword": "x", "monkey": "y", "tokenizer": "z"}',
        b'{"token": null, "secret": true}',
        b'{"a":{"url":"http://localhost:3000"},"email":"ada@example.com"}',
        b'{"s":"{\\"url\\":\\"http://localhost:3000\\"}","email":"ada@example.com"}',
        b"\x00\xff\xfe binary \x80",
        '{"name": "Größe", "emoji": "🎉"}'.encode(),
        b"",
    ],
)
def test_other_bodies_stay_as_they_are(body: bytes) -> None:
    assert REDACTION.redact_body(body) == (body, False)


@pytest.mark.parametrize("text", ['see token=abc"def', "see token=abc\\", 'see token=a\\"b'])
def test_json_stays_json(text: str) -> None:
    found = json.loads(REDACTION.redact_text(json.dumps({"note": text})))

    assert found["note"].startswith("see token=[redacted]")


def test_headers() -> None:
    given = [
        (b"Authorization", b"Bearer abc"),
        (b"apikey", b"k"),
        (b"X-Retell-Signature", b"v=1"),
        (b"x-api-token", b"t"),
        (b"accept", b"*/*"),
    ]

    assert REDACTION.redact_headers(given) == [
        ["authorization", "Bearer [redacted]"],
        ["apikey", "[redacted]"],
        ["x-retell-signature", "[redacted]"],
        ["x-api-token", "[redacted]"],
        ["accept", "*/*"],
    ]


def test_values_of_the_project_are_those_named_like_secrets() -> None:
    given = {"OPENAI_API_KEY": "a", "OPENAI_MODEL": "b", "DB_PASSWORD": "c", "BASE_URL": "d"}

    assert secret_values(given) == ["a", "c"]


@pytest.mark.parametrize(
    "body",
    [
        b'"' * 65536,
        b'\\"' * 32768,
        b"\\" * 65536,
        b'\\\\\\"k\\\\\\":' * 8000,
        b'name="k"\r\n' * 6000,
        b"a=" * 32768,
        b"bearer " * 9000,
        b"://a:" * 13000,
        b"eyJ" * 21845,
        json.dumps([{"password": "x" * 10}] * 2000).encode(),
    ],
)
def test_hostile_bodies_take_no_more_time_than_others(body: bytes) -> None:
    began = time.process_time()

    REDACTION.redact_body(body, "multipart/form-data")
    REDACTION.redact_text(body.decode())

    assert time.process_time() - began < 5  # linear ones take hundredths, others minutes


def test_a_body_without_secrets_is_looked_through_quickly() -> None:
    rows = [{"name": f"Ann {i}", "city": "Ulm", "note": "nothing to hide"} for i in range(500)]

    def cpu_seconds(document: object) -> float:
        body = json.dumps(document).encode()
        began = time.process_time()
        REDACTION.redact_body(body)
        return time.process_time() - began

    plain = min(cpu_seconds(rows) for _ in range(10))
    with_secret = min(cpu_seconds([*rows, {"password": "x"}]) for _ in range(10))
    assert plain < with_secret * 0.8


@pytest.mark.parametrize(
    "token",
    [
        *(JWT, "sb_secret_a", "wk_" + "0f" * 16, "sk-" + "a" * 16, "r8_" + "a" * 20),
        *("whsec_" + "a" * 16, "key_" + "0f" * 10, "AKIA" + "A" * 16, "xoxb-" + "a" * 10),
        *(f"gh{kind}_{'a' * 20}" for kind in "pousr"),
    ],
)
def test_each_kind_of_token_is_known_by_its_shape(token: str) -> None:
    assert REDACTION.redact_text(f"see {token}.") == "see [redacted]."


def test_a_text_without_tokens_is_looked_through_quickly() -> None:
    prose = "a lighthouse at dawn, painted in oil " * 2000

    def cpu_seconds(text: str) -> float:
        began = time.process_time()
        REDACTION.redact_text(text)
        return time.process_time() - began

    with_token = min(cpu_seconds(f"{prose} sk-{'a' * 16}") for _ in range(5))
    assert min(cpu_seconds(prose) for _ in range(5)) < with_token * 0.8
