"""Supervisor with real processes: output, health, restarts, stop."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.events import Event, LogLine
from edge.project.extensions import ProcessEntry
from edge.project_processes.process import Timing
from edge.project_processes.supervisor import Supervisor
from tests.support.process_tree import is_running
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

QUICK = Timing(first_pause=0.05, longest_pause=0.2, health_deadline=10.0, stop_deadline=0.5)
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = "\\n".join(sorted(os.environ)).encode()
        self.send_response(200 if self.path in ("/healthz", "/names") else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): print("served", self.path, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
Observed = list[Event]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def python(name: str, source: str, **settings: Any) -> ProcessEntry:
    return ProcessEntry(name, ("python", "-u", "-c", source), **settings)


@asynccontextmanager
async def running(
    root: Path, *entries: ProcessEntry, timing: Timing = QUICK, environment: Any = None
) -> AsyncIterator[tuple[Supervisor, Observed]]:
    events: Observed = []
    supervisor = Supervisor(
        root, entries, environment or (lambda _: {}), events.append, lambda _: None, timing
    )
    try:
        await supervisor.start()
        yield supervisor, events
    finally:
        await supervisor.close()


def lines(events: Observed, name: str) -> list[str]:
    return [event.text for event in events if isinstance(event, LogLine) and event.slug == name]


async def until(condition: Callable[[], object]) -> None:
    """Wait in a thread, so that the event loop keeps running."""
    await asyncio.to_thread(wait_for, condition)


async def test_start_waits_for_health_and_the_output_is_logged(tmp_path: Path) -> None:
    web = python("web", SERVER, port=free_port(), health="/healthz")

    async with running(tmp_path, web) as (supervisor, events):
        (described,) = supervisor.describe()
        await until(lambda: "served /healthz" in lines(events, "web"))

    assert (described["state"], described["port"], described["restarts"]) == ("ready", web.port, 0)


async def test_it_gets_the_given_variables_and_a_port_and_nothing_else(tmp_path: Path) -> None:
    web = python("web", SERVER, port=free_port(), health="/healthz", secrets=("KEY",))
    given = {"SUPABASE_URL": "http://here", "KEY": "k", "PATH": os.defpath}

    async with (
        running(tmp_path, web, environment=lambda _: given),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        reply = await client.get(f"http://127.0.0.1:{web.port}/names")
    names = set(reply.text.split())

    assert names - {"LC_CTYPE"} == {"SUPABASE_URL", "KEY", "PATH", "PORT"}


async def test_one_that_dies_is_restarted_with_growing_pauses(tmp_path: Path) -> None:
    async with running(tmp_path, python("worker", "raise SystemExit(4)")) as (supervisor, events):
        await until(lambda: supervisor.describe()[0]["restarts"] >= 3)

    said = lines(events, "worker")
    assert "ended with status 4" in said
    pauses = [line for line in said if "started again" in line]
    assert pauses[:3] == [f"is started again in {pause} s" for pause in ("0.05", "0.1", "0.2")]


async def test_one_that_is_killed_is_ready_again(tmp_path: Path) -> None:
    web = python("web", SERVER, port=free_port(), health="/healthz")

    async with running(tmp_path, web) as (supervisor, events):
        first = supervisor.describe()[0]["pid"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.describe()[0]["restarts"] == 1)
        await until(lambda: supervisor.describe()[0]["state"] == "ready")
        second = supervisor.describe()[0]["pid"]

    assert first != second
    assert "ended with signal 9" in lines(events, "web")


async def test_they_are_stopped_in_reverse_order(tmp_path: Path) -> None:
    source = """
import pathlib, signal, sys
def end(*_):
    with open("ends", "a") as out: out.write(sys.argv[1] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
signal.pause()
"""
    entries = [ProcessEntry(name, (sys.executable, "-c", source, name)) for name in ("a", "b", "c")]

    async with running(tmp_path, *entries, timing=Timing()) as (_, events):
        await until(lambda: all("up" in lines(events, name) for name in "abc"))

    assert (tmp_path / "ends").read_text() == "c b a "


async def test_one_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    source = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.pause()
"""
    async with running(tmp_path, python("stubborn", source)) as (supervisor, events):
        await until(lambda: lines(events, "stubborn"))
        pids = [supervisor.describe()[0]["pid"], int(lines(events, "stubborn")[0])]
        assert all(map(is_running, pids))

    await until(lambda: not any(map(is_running, pids)))
    assert "did not end in time: killed" in lines(events, "stubborn")


async def test_a_taken_port_is_reported_and_another_one_used(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        web = python("web", SERVER, port=other.getsockname()[1], health="/healthz")
        async with running(tmp_path, web) as (supervisor, events):
            described = supervisor.describe()[0]
            assert described["state"] == "ready"
            assert described["port"] not in {None, web.port}

    reported = lines(events, "web")
    port = described["port"]
    assert f"port {web.port} is taken by another program: it listens at {port}" in reported
    assert f"ready at http://127.0.0.1:{port}" in reported


async def test_a_program_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    async with running(tmp_path, ProcessEntry("none", ("no-such-program",))) as (_, events):
        pass

    assert "No such file" in lines(events, "none")[0]


async def test_one_that_never_is_healthy_does_not_hold_the_start_up(tmp_path: Path) -> None:
    silent = python("silent", "import signal; signal.pause()", port=free_port(), health="/")
    timing = Timing(health_deadline=0.3, stop_deadline=0.5)

    async with running(tmp_path, silent, timing=timing) as (supervisor, events):
        assert supervisor.describe()[0]["state"] == "starting"

    assert "/ has not answered 2xx in 0.3 s" in lines(events, "silent")
