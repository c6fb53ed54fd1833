"""--inspect: a worker waits for a debugger, and its limits are suspended."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.functions_runtime import Functions, serve
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def inspected() -> Iterator[Functions]:
    options: dict[str, Any] = {"inspect": "hog", "inspect_port": free_port(), "reload": False}
    yield from serve(Path(__file__).parent, **options)


def connect(port: int, deadline: float = PATIENCE) -> socket.socket:
    end = time.monotonic() + deadline
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


class Debugger:
    """As much of the Debug Adapter Protocol as it takes to attach."""

    def __init__(self, port: int) -> None:
        self._socket = connect(port)
        self._stream = self._socket.makefile("rb")
        self._sequence = 0

    def ask(self, command: str, **arguments: Any) -> None:
        self._sequence += 1
        message = {
            "seq": self._sequence,
            "type": "request",
            "command": command,
            "arguments": arguments,
        }
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def wait_for(self, **wanted: str) -> dict[str, Any]:
        while True:
            length = 0
            while (line := self._stream.readline()) not in (b"\r\n", b""):
                length = int(line.partition(b":")[2])
            assert length, "the debugger's line was cut"
            message = json.loads(self._stream.read(length))
            if wanted.items() <= message.items():
                return message

    def attach(self) -> None:
        self.ask("initialize", adapterID="tests", clientID="tests")
        self.wait_for(type="response", command="initialize")
        self.ask("attach", justMyCode=True)
        self.wait_for(type="event", event="initialized")
        self.ask("configurationDone")
        self.wait_for(type="response", command="attach")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


def test_the_request_waits_for_the_debugger_and_no_limit_strikes(inspected: Functions) -> None:
    with inspected.client() as client, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(client.get, "/hog?mb=150&cpu=1.2", timeout=PATIENCE)
        debugger = Debugger(inspected.app.config.inspect_port)
        assert not waiting.done()
        debugger.attach()
        answer = waiting.result()
        debugger.close()

    assert answer.status_code == 200
