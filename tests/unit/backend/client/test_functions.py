"""Responses truncated on a real socket are retried like broken connections."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from backend.client.functions import FunctionCallError, FunctionClient
from tests.support.waiting import PATIENCE

REPLY = json.dumps({"status": "success", "data": {"result": {"n": 1}}}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(REPLY) + REPLY
CUT_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(REPLY) + REPLY[:20]
CUT_CHUNK = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(REPLY) + REPLY[:20]
CUT_BETWEEN_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n14\r\n" + REPLY[:20] + b"\r\n"
CUT_HEAD = HEAD[:25]
NOTHING = b""


@contextmanager
def server(replies: Sequence[bytes]) -> Iterator[str]:
    """Server that sends each connection the next reply and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=_serve, args=(listener, replies))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, replies: Sequence[bytes]) -> None:
    for reply in replies:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed by the test before all replies were used
            return
        with connection:
            received = b""
            while not received.endswith(b"{}"):
                received += connection.recv(65536)
            connection.sendall(reply)


@pytest.mark.parametrize("broken", [CUT_LENGTH, CUT_CHUNK, CUT_BETWEEN_CHUNKS, CUT_HEAD, NOTHING])
def test_a_truncated_response_is_retried(broken: bytes) -> None:
    retries: list[str] = []
    with server([broken, broken, WHOLE]) as url:
        client = FunctionClient(url, "key", wait_initial=0.001)

        data = client.call(
            "x", {}, request_id="r", on_retry=lambda _, error: retries.append(error.code)
        )

    assert data == {"result": {"n": 1}}
    assert retries == ["CONNECTION_FAILED"] * 2


def test_a_response_that_is_always_truncated_is_reported() -> None:
    with server([CUT_CHUNK] * 4) as url:
        client = FunctionClient(url, "key", wait_initial=0.001)
        with pytest.raises(FunctionCallError) as caught:
            client.call("x", {}, request_id="r", on_retry=lambda *_: None)

    assert caught.value.code == "CONNECTION_FAILED"
