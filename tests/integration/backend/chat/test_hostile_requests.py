"""Hostile values at the HTTP routes are the caller's error, and never the server's."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from backend.chat.stores.store import MOST_MESSAGES
from tests.conftest import RunningStack
from tests.support.chat_server import ChatServer, message
from tests.support.waiting import wait_for

_SALES_PROMPT = "/agent/sales-prompt"
_COLLECTIONS = "/videodb/collection"
_UPLOAD = f"{_COLLECTIONS}/default/upload"
_FIELDS = {
    "session_id": (_SALES_PROMPT, {"video_id": "v"}),
    "video_id": (_SALES_PROMPT, {}),
    "collection_id": (_SALES_PROMPT, {"video_id": "v"}),
    "analysis_type": (_SALES_PROMPT, {"video_id": "v"}),
    "output_format": (_SALES_PROMPT, {"video_id": "v"}),
    "name": (_COLLECTIONS, {"description": "d"}),
    "description": (_COLLECTIONS, {"name": "n"}),
    "source": (_UPLOAD, {"source_type": "url"}),
    "source_type": (_UPLOAD, {"source": "https://example.com/a.txt"}),
}
_VALUES = {
    **{repr(value): value for value in (True, False, 0, -1, 7, 1.5, [], {}, ["s"], {"a": 1})},
    "NUL": "a\x00b",
    "a surrogate": "\ud800",
    "a long text": "x" * 5000,
    "a long number": 10**4000,
    "a deep list": json.loads("[" * 90 + "]" * 90),
    "many values": [[]] * 15_000,
}
_BODIES = {
    "nothing": b"",
    "half a body": b'{"video_id": "v',
    "null": b"null",
    "a number": b"7",
    "a list": b"[]",
    "no UTF-8": b'{"video_id": "\xff"}',
    "too deep": b"[" * 60_000,
    "too long a number": b'{"video_id": %s}' % (b"1" * 5000),
    "no value": b'{"video_id": NaN, "session_id": 1e999}',
    "too many bytes": b" " * 70_000,
}
_IDS = {
    "NUL": "a%00b",
    "no UTF-8": "%ff",
    "a surrogate": "%ed%a0%80",
    "a long text": "x" * 5000,
    "almost a UUID": "a-b-c-d-" + "e" * 28,
    "an operator": "eq.1,or(id.not.is.null)",
    "a quote": "%22",
    "a line": "%0a",
}
_PATHS = [
    "session/{id}",
    "videodb/collection/{id}",
    "videodb/collection/{id}/video",
    "videodb/collection/{id}/video/v",
    "videodb/collection/default/video/{id}",
    "videodb/collection/default/video/{id}/generate_url",
    "videodb/collection/{id}/audio",
    "videodb/collection/default/{id}/i",
    "videodb/collection/default/image/{id}",
]
_FORM = "multipart/form-data; boundary=b"
_FORMS = {
    "no boundary": ("multipart/form-data", b"--b--\r\n"),
    "no form": (_FORM, b"x" * 100),
    "half a form": (_FORM, b'--b\r\ncontent-disposition: form-data; name="file"; filename="a'),
    "no name": (_FORM, b"--b\r\n\r\ntext\r\n--b--\r\n"),
    "a long header": (_FORM, b"--b\r\n" + b"a" * 100_000),
    "an unknown charset": (f"{_FORM}; charset=x", b"--b--\r\n"),
    "no media type": ("", b"text"),
    "a name with NUL": (
        _FORM,
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="a\x00.txt"\r\n\r\n'
        b"Ann: hello\r\n--b--\r\n",
    ),
}
_FILES = {
    "a name of an ending": (".txt", b"Ann: hello\n"),
    "no text": ("a.txt", b"\x00\x00"),
    "no JSON": ("a.json", b"[" * 50_000),
    "no document": ("a.docx", b"PK\x03\x04"),
    "no sound": ("a.wav", b"RIFF"),
    "many values": ("a.json", b"[" + b"[]," * 1_000_000 + b"[]]"),
}


@pytest.fixture(scope="module")
def http(chat: ChatServer) -> Iterator[httpx.Client]:
    with chat.http() as client:
        yield client


def post(http: httpx.Client, path: str, kind: str, body: bytes) -> httpx.Response:
    return http.post(path, content=body, headers={"content-type": kind})


@pytest.mark.parametrize("value", _VALUES)
@pytest.mark.parametrize("field", _FIELDS)
def test_a_field_of_a_wrong_kind_is_named(http: httpx.Client, field: str, value: str) -> None:
    path, others = _FIELDS[field]
    body = json.dumps({**others, field: _VALUES[value]}).encode()
    answer = post(http, path, "application/json", body)
    assert answer.status_code == 400, answer.text
    assert field in answer.json()["message"] or field == "source"


@pytest.mark.parametrize("session_id", [" ", "../..", "a b", "x" * 65, "\n"])
def test_a_malformed_session_id_is_refused_with_the_cure(
    http: httpx.Client, session_id: str
) -> None:
    answer = http.post(_SALES_PROMPT, json={"video_id": "v", "session_id": session_id})
    assert answer.status_code == 400, answer.text
    assert "leave it out for a new session" in answer.json()["message"]


@pytest.mark.parametrize("path", [_SALES_PROMPT, _COLLECTIONS, _UPLOAD])
@pytest.mark.parametrize("body", _BODIES)
def test_a_body_that_is_no_object_is_refused(http: httpx.Client, path: str, body: str) -> None:
    answer = post(http, path, "application/json", _BODIES[body])
    assert answer.status_code in {400, 413}, answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("value", _IDS)
def test_an_id_that_nothing_has_is_not_found(
    http: httpx.Client, method: str, path: str, value: str
) -> None:
    answer = http.request(method, path.format(id=_IDS[value]))
    assert answer.status_code in {200, 404, 405}, answer.text


@pytest.mark.parametrize("form", _FORMS)
def test_a_form_that_cannot_be_read_is_refused(http: httpx.Client, form: str) -> None:
    answer = post(http, _UPLOAD, *_FORMS[form])
    assert answer.status_code in {400, 415}, answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize("file", _FILES)
def test_a_file_that_cannot_be_read_is_refused(http: httpx.Client, file: str) -> None:
    answer = http.post(_UPLOAD, files={"file": _FILES[file]})
    assert answer.status_code in {400, 415}, answer.text
    assert answer.json()["message"]


def test_a_transcript_that_is_too_long_is_refused(http: httpx.Client) -> None:
    answer = http.post(_UPLOAD, files={"file": ("a.txt", b"word " * 300_000)})
    assert answer.status_code == 413, answer.text
    assert "at most 1,000,000 characters" in answer.json()["message"]


@pytest.mark.parametrize("name", ["Gespräch mit Jürgen", "会議", "a-b-c-d-e f g h i j k l m n o p"])
def test_a_file_may_have_any_name(http: httpx.Client, name: str) -> None:
    files = {"file": (f"{name}.txt", f"Ann: hello\nBob: this is {name}\n".encode())}
    stored = http.post(_UPLOAD, files=files)
    assert stored.status_code == 200, stored.text
    path = f"{_COLLECTIONS}/default/video/{stored.json()['id']}"
    assert http.get(path).json()["name"] == name
    assert http.delete(path).status_code == 200


def test_a_session_of_another_user_or_a_full_one_takes_no_analysis(
    http: httpx.Client, stack: RunningStack
) -> None:
    user, _ = stack.create_user()
    other, full = message("x")["session_id"], message("x")["session_id"]
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        for given in ((other, user), (full, None)):
            connection.execute(
                "insert into public.chat_sessions (session_id, owner_id, metadata)"
                " values (%s, %s, '{}')",
                given,
            )
        connection.execute(
            "insert into chat.runs (session_id, msg_id, output_id, message, state)"
            " select %s, n::text, n::text, '{}', 'finished' from generate_series(1, %s) as n",
            (full, MOST_MESSAGES),
        )
    for session_id, status in ((other, 404), (full, 409)):
        answer = http.post(_SALES_PROMPT, json={"video_id": "v", "session_id": session_id})
        assert answer.status_code == status, answer.text
        assert "leave session_id out for a new one" in answer.json()["message"]


def test_an_analysis_whose_session_is_deleted_ends(http: httpx.Client, stack: RunningStack) -> None:
    session_id = message("x")["session_id"]
    with (
        psycopg.connect(stack.dsn, autocommit=True) as connection,
        ThreadPoolExecutor(1) as threads,
    ):
        connection.execute(
            "insert into public.chat_sessions (session_id, metadata) values (%s, '{}')",
            (session_id,),
        )
        connection.execute(  # another instance works on an earlier message
            "insert into chat.runs"
            " (session_id, msg_id, output_id, message, state, worker, lease_expires_at)"
            " values (%s, 'm', 'o', '{}', 'running', 'other', now() + interval '1 hour')",
            (session_id,),
        )
        body = {"video_id": "v", "session_id": session_id}
        answer = threads.submit(http.post, _SALES_PROMPT, json=body)

        def has_output() -> bool:
            rows = connection.execute(
                "select from public.chat_messages where session_id = %s and msg_type = 'output'",
                (session_id,),
            )
            return bool(rows.fetchall())

        wait_for(has_output)
        assert http.delete(f"/session/{session_id}").status_code == 200
        assert answer.result().status_code == 404
        assert "deleted" in answer.result().json()["message"]
