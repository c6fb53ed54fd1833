"""`edge functions invoke` against a server that echoes the request."""

import io
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from edge.project.lock import Lock
from tests.support.cli_command import Edge
from tests.support.serving import HttpServer, LoopThread

KEYS = {
    "ANON_KEY": "anon-jwt",
    "SERVICE_ROLE_KEY": "service-jwt",
    "PUBLISHABLE_KEY": "sb_publishable_x",
    "SECRET_KEY": "sb_secret_x",
}


async def answer(request: Request) -> Response:
    if status := request.headers.get("x-answer"):
        return JSONResponse({"said": "no"}, status_code=int(status))
    if "x-stream" in request.headers:
        return StreamingResponse(iter([b"data: 1\n\n", b"data: 2\n\n"]))
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": dict(request.headers),
            "body": (await request.body()).decode("latin-1"),
        }
    )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    async def app(scope: dict, receive: object, send: object) -> None:
        response = await answer(Request(scope, receive))  # type: ignore[arg-type]
        await response(scope, receive, send)  # type: ignore[arg-type]

    thread, server = LoopThread(), HttpServer(app)
    thread.run(server.start())
    yield server.url
    thread.run(server.close())
    thread.close()


@pytest.fixture
def stack(lock: Lock, url: str) -> str:
    """Lock file details of a stack that runs at the server's URL."""
    lock.write({"PID": "1", "API_URL": url, **KEYS})
    return url


def echoed(out: str) -> dict:
    return json.loads(out)


def test_without_options_it_posts_with_the_anon_key(edge: Edge, stack: str) -> None:
    done = edge("functions", "invoke", "report")

    sent = echoed(done.out)
    assert (done.status, sent["method"], sent["path"]) == (0, "POST", "/functions/v1/report")
    assert sent["headers"]["apikey"] == "sb_publishable_x"
    assert sent["headers"]["authorization"] == "Bearer anon-jwt"
    assert "content-type" not in sent["headers"]
    assert done.err.startswith("200 OK · ")


def test_service_presents_the_secret_key(edge: Edge, stack: str) -> None:
    sent = echoed(edge("functions", "invoke", "report", "--service").out)

    assert sent["headers"]["apikey"] == "sb_secret_x"
    assert sent["headers"]["authorization"] == "Bearer service-jwt"


@pytest.mark.parametrize(
    ("data", "body", "content_type"),
    [
        ('{"a": 1}', '{"a": 1}', "application/json"),
        ("null", "null", "application/json"),
        ("hello there", "hello there", "text/plain; charset=utf-8"),
        ("@body.json", "[1]", "application/json"),
        ("-", "from stdin", "text/plain; charset=utf-8"),
    ],
)
def test_the_body_says_what_it_is(
    edge: Edge,
    stack: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: str,
    body: str,
    content_type: str,
) -> None:
    (project / "body.json").write_text("[1]")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from stdin")))

    sent = echoed(edge("functions", "invoke", "report", "--data", data).out)

    assert (sent["body"], sent["headers"]["content-type"]) == (body, content_type)


def test_given_headers_override_the_callers(edge: Edge, stack: str) -> None:
    own = ["-H", "Content-Type: text/csv", "-H", "X-Region: eu-west-1"]
    sent = echoed(edge("functions", "invoke", "report", "-d", "{}", *own).out)
    signed = echoed(edge("functions", "invoke", "report", "-H", "Authorization: Bearer mine").out)

    assert sent["headers"]["content-type"] == "text/csv"
    assert sent["headers"]["x-region"] == "eu-west-1"
    assert signed["headers"]["authorization"] == "Bearer mine"
    assert "apikey" not in signed["headers"]


def test_method_path_and_query_are_passed_on(edge: Edge, stack: str) -> None:
    sent = echoed(edge("functions", "invoke", "send_invite/a/b?x=1", "-X", "get").out)

    assert (sent["method"], sent["path"]) == ("GET", "/functions/v1/send-invite/a/b")
    assert sent["query"] == "x=1"


@pytest.mark.parametrize(("status", "expected"), [("204", 0), ("302", 1), ("404", 1), ("500", 1)])
def test_anything_but_2xx_fails(edge: Edge, stack: str, status: str, expected: int) -> None:
    done = edge("functions", "invoke", "report", "-H", f"x-answer: {status}")

    assert (done.status, done.err.split()[0]) == (expected, status)


def test_a_script_gets_status_headers_and_body(edge: Edge, stack: str) -> None:
    done = edge("functions", "invoke", "report", "-H", "x-answer: 418", "-o", "json")

    document = json.loads(done.out)
    assert (done.status, document["status"], document["body"]) == (1, 418, {"said": "no"})
    assert document["headers"]["content-type"] == "application/json"


def test_a_stream_comes_out_as_it_is(edge: Edge, stack: str) -> None:
    done = edge("functions", "invoke", "report", "-H", "x-stream: 1")

    assert done.out == "data: 1\n\ndata: 2\n\n"


def test_another_project_is_called_with_the_keys_of_the_shell(
    edge: Edge, project: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE_ANON_KEY", "their-anon")

    sent = echoed(edge("functions", "invoke", "any-name", "--url", f"{url}/functions/v1/").out)

    assert sent["path"] == "/functions/v1/any-name"
    assert sent["headers"]["authorization"] == "Bearer their-anon"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--user", "a@b.c", "--service"), "Only one of"),
        (("-H", "nonsense"), "is not a header"),
        (("-H", "x: a\r\nb: c"), "is not a header"),
        (("--data", "@missing"), "missing cannot be read"),
        (("--url", "localhost:54321"), "is not a URL"),
        (("--user", "a@b.c"), "without a local database"),
        (("--user", "a@b.c", "--url", "http://127.0.0.1:9"), "local stack only"),
    ],
)
def test_invalid_options_are_refused_before_sending(
    edge: Edge,
    stack: str,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setenv("SUPABASE_ANON_KEY", "their-anon")

    done = edge("functions", "invoke", "report", *options)

    assert (done.status, said in done.err) == (2, True), done.err


def test_without_a_key_for_it_another_project_is_not_called(
    edge: Edge, project: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUPABASE_ANON_KEY", raising=False)

    done = edge("functions", "invoke", "report", "--url", url)

    assert (done.status, "SUPABASE_ANON_KEY" in done.err) == (2, True)


def test_a_refused_connection_is_one_sentence(edge: Edge, lock: Lock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        lock.write({"PID": "1", "API_URL": f"http://127.0.0.1:{closed.getsockname()[1]}", **KEYS})
        done = edge("functions", "invoke", "report")

    assert (done.status, "There is no answer at" in done.err) == (2, True)
