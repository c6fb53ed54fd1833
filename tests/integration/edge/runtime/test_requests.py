"""A request's way through gateway, runtime and worker, and back."""

import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import httpx
import pytest

from edge.events import Boot, BootFailure, LogLine, Shutdown, UncaughtException
from tests.support.functions_runtime import Functions
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process


def test_method_query_headers_and_body_arrive_as_sent(functions: Functions) -> None:
    with functions.client() as client:
        answer = client.put(
            "/echo/some/path?a=1&a=2&b=%20x", content="päyload", headers={"x-a": "1"}
        )

    seen = answer.json()
    assert answer.status_code == 200
    assert (seen["method"], seen["path"], seen["query"]) == (
        "PUT",
        "/echo/some/path",
        "a=1&a=2&b=%20x",
    )
    assert seen["body"] == "päyload".encode().decode("latin-1")
    assert ["x-a", "1"] in seen["headers"]


def test_the_translated_key_does_not_reach_the_function(functions: Functions) -> None:
    headers = {"apikey": "sb_publishable_x", "authorization": "Bearer sb_publishable_x"}

    answer = httpx.post(functions.url + "/functions/v1/echo", headers=headers)

    seen = dict(answer.json()["headers"])
    assert seen["authorization"] == "Bearer sb_publishable_x"
    assert "sb-api-key" not in seen


def test_requests_share_one_worker_and_its_boot(functions: Functions) -> None:
    with functions.client() as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.get("/shared-boot").text, range(24)))

    boots = [e for e in functions.events if isinstance(e, Boot) and e.slug == "shared-boot"]
    assert len(set(answers)) == 1
    assert len(boots) == 1


def test_a_large_binary_answer_with_repeated_headers_arrives_whole(functions: Functions) -> None:
    with functions.client() as client:
        answer = client.get("/binary")

    assert answer.content == bytes(range(256)) * 4096
    assert len(answer.headers.get_list("set-cookie")) == 2


def test_head_has_the_headers_and_no_body(functions: Functions) -> None:
    with functions.client() as client:
        first, second = client.head("/binary"), client.head("/binary")

    assert first.headers["content-length"] == str(256 * 4096)
    assert (first.content, second.status_code) == (b"", 200)


def test_chunks_pass_through_unbuffered_in_both_directions(functions: Functions) -> None:
    host, port = functions.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        stream = connection.makefile("rb")
        connection.sendall(
            b"POST /functions/v1/stream HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
            + f"authorization: Bearer {functions.token}\r\n\r\n".encode()
        )
        seen = [_read_chunk_after_head(stream)]
        for piece in (b"one", b"two"):
            connection.sendall(b"3\r\n" + piece + b"\r\n")
            seen.append(_read_chunk(stream))

    assert seen == [b"ready\n", b"got one\n", b"got two\n"]


def _read_chunk_after_head(stream: BinaryIO) -> bytes:
    while stream.readline() not in (b"\r\n", b""):
        pass
    return _read_chunk(stream)


def _read_chunk(stream: BinaryIO) -> bytes:
    data = stream.read(int(stream.readline(), 16))
    stream.readline()
    return data


def test_a_synchronous_flask_function_is_served_and_its_prints_are_logged(
    functions: Functions,
) -> None:
    with functions.client() as client:
        got = client.get("/sync-flask")
        posted = client.post("/sync-flask?a=1", json={"b": 2})

    assert (got.status_code, got.json(), got.headers["x-own"]) == (201, {"method": "GET"}, "1")
    assert posted.json() == {"echo": {"b": 2}, "args": {"a": "1"}}
    functions.wait_for(
        lambda e: (
            isinstance(e, LogLine) and e.text == "sync function was called" and e.stream == "stdout"
        )
    )


@pytest.mark.parametrize("slug", ["sync-event", "async-event"])
def test_functions_of_cloud_events_are_served(functions: Functions, slug: str) -> None:
    headers = {"ce-id": "7", "ce-source": "tests", "ce-type": "t", "ce-specversion": "1.0"}
    with functions.client() as client:
        answer = client.post(f"/{slug}", json={"n": 1}, headers=headers)

    assert answer.status_code == 200, answer.text
    functions.wait_for(
        lambda e: isinstance(e, LogLine) and e.slug == slug and e.text == "event 7: {'n': 1}"
    )


def test_a_worker_that_dies_in_a_request_is_answered_for_and_replaced(functions: Functions) -> None:
    with functions.client() as client:
        before = client.post("/crash", content=b"live").text
        died = client.post("/crash", content=b"die")
        after = client.post("/crash", content=b"live")

    assert (died.status_code, died.json()["code"]) == (500, "WORKER_ERROR")
    assert died.headers["sb-error-code"] == "WORKER_ERROR"
    assert (after.status_code, after.text != before) == (200, True)
    functions.wait_for(lambda e: isinstance(e, Shutdown) and e.slug == "crash" and e.status == 7)


def test_a_function_that_cannot_be_imported_is_503_with_its_traceback_logged(
    functions: Functions,
) -> None:
    with functions.client() as client:
        answers = [client.get("/boot-error") for _ in range(3)]

    failures = [
        e for e in functions.events if isinstance(e, BootFailure) and e.slug == "boot-error"
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(503, "BOOT_ERROR")] * 3
    assert len(failures) == 1
    assert "a_module_that_does_not_exist" in failures[0].message
    assert "functions_framework" not in failures[0].message


def test_no_first_byte_in_time_is_504_and_the_worker_lives_on(functions: Functions) -> None:
    with functions.client() as client:
        late = client.get("/slow")
        quick = client.get("/slow?seconds=0")

    assert (late.status_code, late.json()["code"]) == (504, "IDLE_TIMEOUT")
    assert quick.text == "done"


def test_a_function_sees_its_own_secrets_and_no_others(functions: Functions) -> None:
    seen = httpx.get(functions.url + "/functions/v1/reads-env").json()

    assert seen["environ"]["WANTED"] == "for reads_env"
    assert "OTHER" not in seen["environ"]
    assert "for reads_env" not in seen["started_with"]


@pytest.mark.parametrize(
    "path", ["/unknown", "/", "/../echo", "/%2e%2e/echo", "/_hidden", "//echo%2F"]
)
def test_an_unknown_function_is_404(functions: Functions, path: str) -> None:
    host, port = functions.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(
            f"GET /functions/v1{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            f"authorization: Bearer {functions.token}\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 404")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "NOT_FOUND"


def test_a_method_the_platform_does_not_know_is_405(functions: Functions) -> None:
    with functions.client() as client:
        assert client.request("TRACE", "/echo").status_code == 405


def test_a_worker_killed_in_a_request_is_answered_for_and_replaced(functions: Functions) -> None:
    with functions.client() as client, ThreadPoolExecutor(1) as thread:
        pid = int(client.post("/crash", content=b"live").text)
        waiting = thread.submit(client.post, "/crash", content=b"wait")
        functions.wait_for(lambda e: isinstance(e, LogLine) and e.text == f"{pid} waits")
        os.kill(pid, signal.SIGKILL)
        died, after = waiting.result(), client.post("/crash", content=b"live")

    assert (died.status_code, died.json()["code"]) == (500, "WORKER_ERROR")
    assert (after.status_code, int(after.text) != pid) == (200, True)


def test_an_exception_that_a_function_lets_out_is_told(functions: Functions) -> None:
    with functions.client() as client:
        answer = client.get("/raises")

    assert answer.status_code == 500
    assert answer.headers["sb-error-code"] == "EDGE_FUNCTION_ERROR"
    found = functions.wait_for(lambda e: isinstance(e, UncaughtException) and e.slug == "raises")
    assert isinstance(found, UncaughtException)
    assert (
        found.exception.splitlines()[-1] == "ZeroDivisionError: integer division or modulo by zero"
    )
