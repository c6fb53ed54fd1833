"""Files are stored in the project that the settings name, by URLs that the queue signs."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workers.message import Message, parse_message
from workers.project import Project
from workers.settings import read_settings
from workers.task import File

ANN = "6f1a2c1e-0000-4000-8000-0000000000aa"
JOB = "6f1a2c1e-0000-4000-8000-000000000001"


class Handler(BaseHTTPRequestHandler):
    """Signs uploads under a name that the worker cannot reach, and stores them."""

    def __init__(self, stored: list[str], *arguments: object) -> None:
        self.stored = stored
        super().__init__(*arguments)  # pyright: ignore[reportArgumentType]

    def do_POST(self) -> None:
        url = f"http://functions.invalid/storage/v1/object/upload/sign{self.path}?token=t"
        self._answer({"result": {"url": url}})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.stored.append(self.path)
        self._answer({})

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stored() -> list[str]:
    return []


@pytest.fixture
def url(stored: list[str]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, stored))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def message() -> Message:
    return parse_message(json.dumps({"job_id": JOB, "user_id": ANN, "job_type": "sdxl"}))


async def test_a_signed_url_is_used_at_the_project_s_own_address(
    url: str, stored: list[str], message: Message
) -> None:
    values = {"SUPABASE_URL": url, "WORKER_KEY": "wk_1"}
    project = Project(read_settings(("sdxl",), "local", values))

    asset = await project.upload(message, 0, File(b"x", "image/png", 1, 1, 1))
    await project.close()

    assert asset["url"] == f"{ANN}/{JOB}/0.png"
    signed = f"/functions/v1/media-queue/uploads/{JOB}/0.png"
    assert stored == [f"/storage/v1/object/upload/sign{signed}?token=t"]
