"""An OAuth provider on a port of this machine: exchanges its codes, and shows its documents."""

import json
import threading
from base64 import b64decode
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT_ID = "client"
CLIENT_SECRET = "its secret"
ACCESS_TOKEN = "provider-token"


@dataclass(slots=True)
class OAuthProvider:
    """The provider's URL; `documents` by path, bytes as they are, and the codes that it takes."""

    url: str
    token_path: str
    documents: dict[str, Any] = field(default_factory=dict[str, Any])
    token: dict[str, Any] = field(default_factory=dict[str, Any])
    codes: set[str] = field(default_factory=lambda: {"good"})
    redirect_uris: list[str] = field(default_factory=list[str])


@contextmanager
def oauth_provider(token_path: str) -> Generator[OAuthProvider]:
    """Serve a provider until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = OAuthProvider(f"http://127.0.0.1:{server.server_port}", token_path)
    provider.token = {"access_token": ACCESS_TOKEN, "refresh_token": "provider-refresh"}
    _PROVIDERS[server.server_port] = provider
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _PROVIDERS[server.server_port]


_PROVIDERS: dict[int, OAuthProvider] = {}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        if self.path != self._provider.token_path:
            self._send(404, {})
        elif not self._is_client(form):
            self._send(401, {"error": "invalid_client"})
        elif form["code"] not in self._provider.codes:
            self._send(200, {"error": "bad_verification_code"})
        else:
            self._provider.codes.discard(form["code"])
            self._provider.redirect_uris.append(form["redirect_uri"])
            self._send(200, self._provider.token)

    def do_GET(self) -> None:
        if self.headers["authorization"] != f"Bearer {ACCESS_TOKEN}":
            self._send(401, {})
            return
        path = self.path.partition("?")[0]
        found = self._provider.documents.get(path)
        self._send(404 if found is None else 200, found)

    @property
    def _provider(self) -> OAuthProvider:
        address: Any = self.server.server_address
        return _PROVIDERS[address[1]]

    def _is_client(self, form: Mapping[str, str]) -> bool:
        given = (form.get("client_id"), form.get("client_secret"))
        if basic := self.headers["authorization"]:
            given = tuple(b64decode(basic.removeprefix("Basic ")).decode().split(":", 1))
        return given == (CLIENT_ID, CLIENT_SECRET)

    def _send(self, status: int, document: Any) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""
