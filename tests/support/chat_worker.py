"""A chat worker in this process that answers as a test wants, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

from tests.conftest import RunningStack


@dataclass
class ChatWorker:
    """`answer` is what it sends: a dict as JSON, bytes as they are; with `status`.

    With `missing` it hangs up so many bytes before the end that it has announced; with `late` it
    does not answer before that is set.
    """

    url: str
    answer: dict[str, Any] | bytes = field(default_factory=dict[str, Any])
    status: int = 200
    missing: int = 0
    late: threading.Event | None = None
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def enhance_to(self, text: str) -> None:
        self.status, self.missing = 200, 0
        self.answer = {"success": True, "enhanced_prompt": text, "model_info": {"name": "m-1"}}

    def reply(self, text: str) -> None:
        self.status, self.missing = 200, 0
        self.answer = {"success": True, "response": text, "model_info": {"name": "m-1"}}


@contextmanager
def serve_chat_worker() -> Iterator[ChatWorker]:
    """Serve a worker on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = json.loads(self.rfile.read(length))
            worker.requests.append({"path": self.path, "headers": dict(self.headers), **body})
            if worker.late:
                worker.late.wait()
            answer = worker.answer
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(worker.status)
            self.send_header("content-length", str(len(content) + worker.missing))
            self.end_headers()
            with suppress(ConnectionError):  # who asked has given up
                self.wfile.write(content)

        def do_GET(self) -> None:
            content = b'{"status": "healthy"}'
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    worker = ChatWorker(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield worker
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_healthy(stack: RunningStack, worker: ChatWorker) -> bool:
    """Forget the failures that a test has had the worker make. Repeat: reports arrive late."""
    with psycopg.connect(stack.dsn) as connection:
        connection.execute(
            "update workers set health = 'healthy', failures = 0, first_failure_at = null,"
            " blocked_until = null, enabled = true where base_url = %s",
            (worker.url,),
        )
    return True


@contextmanager
def registered_chat_worker(stack: RunningStack) -> Iterator[ChatWorker]:
    """Serve a worker that is in the registry as healthy."""
    with serve_chat_worker() as worker, psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(
            "insert into workers (worker_type, kind, base_url, health, last_checked_at)"
            " values ('chat', 'openai-chat', %s, 'healthy', now())",
            (worker.url,),
        )
        try:
            yield worker
        finally:
            connection.execute("delete from workers where base_url = %s", (worker.url,))
