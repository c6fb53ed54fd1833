"""A hosted project, played by the local stack, and instances of all functions behind a balancer."""

import base64
import json
import os
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import IO, Any, Final

import httpx
import psycopg
from psycopg.rows import dict_row

from backend.campaigns.simulated_clock import set_simulated_clock
from tests.support.process_tree import family
from tests.support.processes import ROOT, free_port, python, running, wait_answer

_OPTIONS: Final = ("--production", "--host", "127.0.0.1", "--processes", "1", "--limits", "local")
_KEY: Final = "key_of_the_bench"
_STOP_SECONDS: Final = 30
_CLOCK_RATE: Final = 1000.0
Row = dict[str, Any]


@dataclass(slots=True)
class Instance:
    """One `edge serve --production`; `generation` counts how often it was started."""

    port: int
    command: list[str]
    environment: Mapping[str, str]
    log: IO[bytes]
    process: Popen[bytes] | None = None
    generation: int = 0

    def start(self) -> None:
        self.generation += 1
        self.process = Popen(self.command, env=self.environment, stdout=self.log, stderr=self.log)

    def kill(self) -> None:
        """Kill all its processes at once, as when its machine is gone."""
        assert self.process
        for pid in family(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Stop it as a platform does; returns its exit status."""
        assert self.process
        self.process.terminate()
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1


@dataclass(slots=True)
class Site:
    """`details` are the hosted project's URL and keys; `url` is the balancer's."""

    folder: Path
    details: Mapping[str, str]
    url: str
    instances: list[Instance] = field(default_factory=list[Instance])

    @property
    def service_headers(self) -> dict[str, str]:
        key = self.details["SERVICE_ROLE_KEY"]
        return {"apikey": key, "authorization": f"Bearer {key}"}

    @property
    def pids(self) -> list[int]:
        return [pid for i in self.instances if i.process for pid in family(i.process.pid)]

    def rows(self, query: str, **values: Any) -> list[Row]:
        with psycopg.connect(self.details["DB_URL"]) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return cursor.execute(query.encode(), values).fetchall()

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Set or read (without a body) something of the emulated providers."""
        url = f"{self.details['API_URL']}/providers{path}"
        headers = {"apikey": self.details["SECRET_KEY"]}
        method = "GET" if body is None else "POST"
        answer = httpx.request(method, url, json=body, headers=headers, timeout=60)
        return answer.raise_for_status().json()

    def clear_faults(self) -> None:
        url = f"{self.details['API_URL']}/providers/_faults"
        httpx.delete(url, headers={"apikey": self.details["SECRET_KEY"]}, timeout=60)

    def set_clock(self) -> None:
        """Let calls and the pauses between them pass quickly."""
        now = datetime.now(UTC)
        clock = {"now_ms": now.timestamp() * 1000, "rate": _CLOCK_RATE}
        self.control("/retell/_control", {"clock": clock})
        with psycopg.connect(self.details["DB_URL"]) as connection:
            set_simulated_clock(connection, now, _CLOCK_RATE)

    def restart_database(self, sign: signal.Signals) -> None:
        """Send the database's server a signal; the stack starts it again."""
        (path,) = self.folder.glob("hosted/.edge/**/postmaster.pid")
        os.kill(int(path.read_text().split("\n", 1)[0]), sign)


@contextmanager
def open_site(folder: Path, count: int) -> Generator[Site]:
    """Start the project, so many instances of all functions, and a balancer before them."""
    with ExitStack() as exits:
        hosted, served = folder / "hosted", folder / "served"
        _link(hosted, "supabase")
        (hosted / "functions").mkdir()
        _link(served, "functions", "shared")
        details = exits.enter_context(_hosted(hosted))
        balancer, ports = free_port(), [free_port() for _ in range(count)]
        url = f"http://127.0.0.1:{balancer}"
        environment = {**_own_environment(), **_variables(details, url)}
        site = Site(folder, details, url)
        serve = ("-m", "edge", "serve", *_OPTIONS, "--workdir", str(served), "--port")
        for port in ports:
            log = exits.enter_context((folder / f"instance-{port}.log").open("wb"))
            instance = Instance(port, python(*serve, str(port)), environment, log)
            instance.start()
            site.instances.append(instance)
            exits.callback(instance.stop)
        for port in ports:
            while b"ok" not in wait_answer(port, "/_internal/health"):
                pass
        backends = map(str, ports)
        exits.enter_context(
            running(python("-m", "bench.support.balancer", str(balancer), *backends))
        )
        wait_answer(balancer, "/_internal/live")
        site.control("/retell/_control", {"webhook_url": f"{url}/functions/v1/retell-webhook"})
        site.set_clock()
        yield site


def _link(root: Path, *names: str) -> None:
    root.mkdir()
    for name in names:
        (root / name).symlink_to(ROOT / name)


@contextmanager
def _hosted(root: Path) -> Generator[dict[str, str]]:
    options = ("--workdir", str(root), "--port", "0", "--db-port", "0", "-o", "json")
    command = python("-m", "edge", "start", *options, "--no-reload", "--no-processes")
    with (root.parent / "hosted.log").open("wb") as log:
        process = Popen(command, env=_own_environment(), stdout=subprocess.PIPE, stderr=log)
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(60)


def _own_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT)}


def _variables(details: Mapping[str, str], url: str) -> dict[str, str]:
    project = details["API_URL"]
    # By another name than the project's: then the functions take the models for real ones.
    key = base64.urlsafe_b64encode(details["JWT_SECRET"].encode()).rstrip(b"=").decode()
    providers = project.replace("127.0.0.1", "localhost") + "/providers"
    return {
        "SUPABASE_URL": project,
        "SUPABASE_ANON_KEY": details["ANON_KEY"],
        "SUPABASE_SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"],
        "SUPABASE_JWT_SECRET": details["JWT_SECRET"],
        "SUPABASE_JWKS": json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": key}]}),
        "EDGE_FUNCTIONS_URL": f"{url}/functions/v1/{{name}}",
        "OPENAI_API_KEY": _KEY,
        "OPENAI_BASE_URL": f"{providers}/openai/v1",
        "ANTHROPIC_API_KEY": _KEY,
        "ANTHROPIC_BASE_URL": f"{providers}/anthropic",
        "RETELL_API_KEY": _KEY,
        "RETELL_BASE_URL": f"{providers}/retell",
        "REPLICATE_API_TOKEN": _KEY,
        "REPLICATE_BASE_URL": f"{providers}/replicate",
        "REPLICATE_WEBHOOK_SECRET": "whsec_bG9jYWwtcmVwbGljYXRlLXdlYmhvb2stc2VjcmV0",
        "TALK_TRACK_CHUNK_SIZE": "2",
        "TALK_TRACK_LEASE_SECONDS": "5",
        "TALK_TRACK_CALLS_PER_MINUTE": "100000",
    }
