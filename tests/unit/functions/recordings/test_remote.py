"""A recording is read by range requests: as much as is needed of it."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, cast

import pytest

from functions.recordings.audio import RATE, probe, read_part
from functions.recordings.remote import RemoteFile
from shared.errors import NotFoundError, UnavailableError
from tests.support.recordings import make_recording

BLOCK = 1 << 16


class Handler(BaseHTTPRequestHandler):
    """Answers ranges of one file at /file, 404 or 500 at those paths, and other ranges at others.

    /long: more than was asked for; /short: less; /other: from another place; /unknown: of no size.
    """

    def __init__(self, content: bytes, sent: list[int], *arguments: object) -> None:
        self.content, self.sent = content, sent
        super().__init__(*arguments)  # pyright: ignore[reportArgumentType]

    def do_GET(self) -> None:
        if self.path[1:].isdigit():
            self.send_error(int(self.path[1:]))
            return
        first, last = self.headers["range"].removeprefix("bytes=").split("-")
        more = {"/long": BLOCK, "/short": -1}.get(self.path, 0)
        part = self.content[int(first) : int(last) + 1 + more]
        self.sent.append(len(part))
        self.send_response(206)
        end = int(first) + len(part) - 1
        start = 1 if self.path == "/other" else first
        total = "*" if self.path == "/unknown" else len(self.content)
        self.send_header("content-range", f"bytes {start}-{end}/{total}")
        self.send_header("content-length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def sound() -> bytes:
    return make_recording("wav", 60)


@pytest.fixture
def sent() -> list[int]:
    return []


@pytest.fixture
def url(sound: bytes, sent: list[int]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, sound, sent))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_part_is_read_without_the_rest(url: str, sound: bytes, sent: list[int]) -> None:
    with RemoteFile(f"{url}/file", {}, block=BLOCK) as remote:
        remote.begin()
        file = cast("IO[bytes]", remote)
        assert 59 < probe(file).duration < 61
        part = read_part(file, 30, 5, to_quiet=False)
        assert len(part.samples) == 5 * RATE
    assert sum(sent) < len(sound) / 2


def test_it_reads_like_a_file(url: str, sound: bytes) -> None:
    with RemoteFile(f"{url}/file", {}, block=BLOCK) as remote:
        remote.begin()
        assert remote.seek(0, 2) == len(sound)
        assert remote.read(1) == b""
        remote.seek(-5, 1)
        assert remote.readall() == sound[-5:]
        remote.seek(BLOCK - 1)
        assert remote.read(10) == sound[BLOCK - 1 : BLOCK]
        assert remote.read(10) == sound[BLOCK : BLOCK + 10]


def test_failures_are_named(url: str) -> None:
    for path, error in (("404", NotFoundError), ("500", UnavailableError)):
        with RemoteFile(f"{url}/{path}", {}) as remote, pytest.raises(error):
            remote.begin()


@pytest.mark.parametrize("kind", ["long", "short", "other", "unknown"])
def test_another_part_than_was_asked_for_is_none(url: str, kind: str) -> None:
    with (
        RemoteFile(f"{url}/{kind}", {}, block=BLOCK) as remote,
        pytest.raises(UnavailableError),
    ):
        remote.begin()
