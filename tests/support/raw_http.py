"""Bytes to the gateway as they are, and what comes back: for requests that no client would send."""

import json
import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests.support.functions_runtime import Functions
from tests.support.waiting import PATIENCE

HEAD = b" HTTP/1.1\r\nhost: x\r\n"


@contextmanager
def connection(url: str, timeout: float = 10) -> Iterator[socket.socket]:
    """To the server at `url`."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=timeout) as connected:
        yield connected


def exchange(url: str, *pieces: bytes, timeout: float = 10) -> bytes:
    """All that is answered to the pieces until the server closes."""
    with connection(url, timeout) as connected:
        try:
            for piece in pieces:
                connected.sendall(piece)
        except OSError:
            pass  # it has refused and closed already; its answer is still to be read
        return read_all(connected)


def read_all(connected: socket.socket) -> bytes:
    received = bytearray()
    try:
        while data := connected.recv(1 << 16):
            received += data
    except ConnectionResetError:
        pass  # what we went on sending was not read
    return bytes(received)


def statuses(answer: bytes) -> list[int]:
    """The statuses of the answers in it, one after the other."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def fresh_path() -> bytes:
    """A path below the witness that no other test asks for."""
    return f"/functions/v1/witness/{uuid4().hex}".encode()


def witnessed(functions: Functions, path: bytes) -> list[dict[str, Any]]:
    """The requests below `path` that the function was given."""
    own = path.decode().removeprefix("/functions/v1")
    seen = httpx.get(functions.url + "/functions/v1/witness", timeout=PATIENCE).json()
    return [request for request in seen if request["target"].startswith(own)]


def drip(connected: socket.socket, pieces: Iterable[bytes], pause: float) -> None:
    """Send slowly."""
    for piece in pieces:
        connected.sendall(piece)
        time.sleep(pause)


def read_answer(connected: socket.socket) -> tuple[int, Any]:
    """Status and JSON body of one answer that announces its length."""
    stream = connected.makefile("rb")
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return status, json.loads(stream.read(length))
