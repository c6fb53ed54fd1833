"""Processes of edge.toml: `edge start` runs them; --no-processes and `functions serve` do not."""

import json
import socket
from pathlib import Path

import httpx
import pytest

from tests.support.cli_process import edge, serving
from tests.support.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.process, pytest.mark.e2e]

SERVER = """
import http.server, os, pathlib

pathlib.Path("started").touch()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("upgrade"):
            self.send_response(101)
            self.send_header("upgrade", "websocket")
            self.send_header("connection", "upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.readline())
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = f"{self.command} {self.path} {self.headers.get('apikey')} ".encode() + body
        self.send_response(418 if self.path.startswith("/web/") else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_OPTIONS = do_GET

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def project(tmp_path: Path, port: int) -> Path:
    """Project with one function and one process, which writes the file `started`."""
    (tmp_path / "functions/hello").mkdir(parents=True)
    (tmp_path / "functions/hello/main.py").write_text("def main(request):\n    return 'hello'\n")
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "edge.toml").write_text(
        f'[processes.web]\ncommand = ["python", "server.py"]\nport = {port}\nhealth = "/healthz"\n'
        'paths = ["/web"]\n'
    )
    return tmp_path


def is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).is_success
    except httpx.TransportError:
        return False


def processes(project: Path) -> list[tuple[str, str]]:
    """Return name and state of each process in `edge status`."""
    status = json.loads(edge(project, "status", "-o", "json").stdout)
    return [(process["name"], process["state"]) for process in status.get("PROCESSES", [])]


def test_edge_start_serves_a_process_until_it_stops(project: Path, port: int) -> None:
    with serving(project, "start", "--port", "0", "--db-port", "0") as details:
        wait_for(lambda: processes(project) == [("web", "ready")])
        assert is_healthy(port)
        check_paths(details["API_URL"])

    assert not is_healthy(port)


def check_paths(url: str) -> None:
    """The gateway passes requests on as they came, preflights and upgrades too."""
    headers = {"apikey": "sb_secret_x", "access-control-request-method": "POST"}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as client:
        answers = [
            client.post("/web/a%2Fb?c=d", content=b"body"),
            client.options("/web/x"),
            client.get("/web"),
        ]
        assert [(answer.status_code, answer.text) for answer in answers] == [
            (418, "POST /web/a%2Fb?c=d sb_secret_x body"),
            (418, "OPTIONS /web/x sb_secret_x "),
            (200, "GET /web sb_secret_x "),
        ]
        assert client.get("/webs").status_code == 404
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), PATIENCE) as client:
        upgrade = "host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        client.sendall(f"GET /web/socket HTTP/1.1\r\n{upgrade}\r\n".encode())
        received = client.makefile("rb")
        assert received.readline().startswith(b"HTTP/1.1 101 ")
        client.sendall(b"ping\n")
        assert received.read().endswith(b"\r\n\r\nping\n")


@pytest.mark.parametrize(
    "command",
    [
        ("start", "--no-processes", "--port", "0", "--db-port", "0"),
        ("functions", "serve", "--port", "0"),
    ],
)
def test_other_commands_start_no_process(
    project: Path, port: int, command: tuple[str, ...]
) -> None:
    with serving(project, *command) as details:
        hello = httpx.post(
            f"{details['API_URL']}/functions/v1/hello",
            headers={"authorization": f"Bearer {details['ANON_KEY']}"},
            timeout=PATIENCE,
        )
        assert hello.text == "hello"
        assert processes(project) == []
        assert not is_healthy(port)

    assert not (project / "started").exists()
