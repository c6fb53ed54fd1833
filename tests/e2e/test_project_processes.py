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
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
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
    with serving(project, "start", "--port", "0", "--db-port", "0"):
        wait_for(lambda: processes(project) == [("web", "ready")])
        assert is_healthy(port)

    assert not is_healthy(port)


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
