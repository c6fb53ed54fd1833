"""Which addresses may be called, and what is taken from them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.errors import BadInputError
from shared.http.safe_fetch import UnsafeUrlError, fetch, is_callable_address, resolve_target


@pytest.mark.parametrize(
    ("address", "is_public", "is_allowed_privately"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("172.16.0.1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("100.64.0.1", False, False),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("0.0.0.0", False, False),
        ("224.0.0.1", False, False),
        ("2002:0a00:0001::", False, True),
    ],
)
def test_addresses(address: str, is_public: bool, is_allowed_privately: bool) -> None:
    assert is_callable_address(address, False) is is_public
    assert is_callable_address(address, True) is is_allowed_privately


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "ftp://a/b", "file:///etc/passwd", "http://", "http://a:99999/", "//a/b",
        "http://u:p@93.184.216.34/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/",
        "http://localhost/", "http://[::]/", "http://metadata.google.internal/x",
        "http://93.184.216.34/\n", "http://[fe80::1%25lo]/",
    ],
)  # fmt: skip
async def test_urls_that_are_not_called(url: str) -> None:
    with pytest.raises(UnsafeUrlError):
        await resolve_target(url)


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    target = await resolve_target("http://localhost:81/a?b=c#d", allow_private=True)

    assert target.url in ("http://127.0.0.1:81/a?b=c", "http://[::1]:81/a?b=c")
    assert target.headers == {"host": "localhost:81"}


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/small")
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.send_response(200)
            if self.path == "/announced":
                self.send_header("content-length", str(100 << 20))
            self.end_headers()
            if self.path != "/announced":
                self.wfile.write(b"x" * (10 if self.path == "/small" else 3 << 20))

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


async def test_a_file_is_read(server: str) -> None:
    assert await fetch(f"{server}/small", most=100, seconds=5, allow_private=True) == b"x" * 10


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/moved", "FETCH_FAILED"),
        ("/missing", "FETCH_FAILED"),
        ("/announced", "FILE_TOO_LARGE"),
        ("/large", "FILE_TOO_LARGE"),
    ],
)
async def test_what_is_of_no_use_is_said(server: str, path: str, code: str) -> None:
    with pytest.raises(BadInputError) as raised:
        await fetch(f"{server}{path}", most=1 << 20, seconds=5, allow_private=True)
    assert (raised.value.status, raised.value.code) == (400, code)


async def test_a_slow_server_is_left() -> None:
    over, closed = asyncio.Event(), asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(BadInputError) as raised:
            await fetch(f"http://127.0.0.1:{port}/", most=10, seconds=0.2, allow_private=True)
        over.set()
        await closed.wait()
    assert raised.value.code == "FETCH_FAILED"
