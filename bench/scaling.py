"""One, two and four production instances behind a TCP balancer, with one database.

`waits` stands for calls of models: 100 ms of waiting, 8 at a time in an instance. `lands` inserts
a row through the data API and answers once that is committed: its cost is all processor time, of
which instances on one machine have no more than one has. At the end an instance is killed.
"""

import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

import psycopg

from bench.family import family, proportional_bytes
from bench.load import Load, Plan, Visitor, render_request, run_load
from bench.machine import print_machine
from bench.processes import ask, free_port, python, running, wait_answer
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.tokens import mint_api_key

_SECRET: Final = "a-secret-of-at-least-thirty-two-characters"
_VISITORS: Final = 48
_SECONDS: Final = 6.0
_READY_SECONDS: Final = 120
_OPTIONS: Final = ("--production", "--host", "127.0.0.1", "--processes", "1", "--limits", "local")
_WAITS: Final = """
import asyncio

async def main(request):
    await asyncio.sleep(0.1)
    return {"waited": True}
"""
_LANDS: Final = """
import os
import httpx

key = os.environ["SUPABASE_SERVICE_ROLE_KEY"]
client = httpx.AsyncClient(
    base_url=os.environ["SUPABASE_URL"], timeout=30,
    headers={"apikey": key, "authorization": f"Bearer {key}"},
)

async def main(request):
    (await client.post("/rest/v1/landed", json={})).raise_for_status()
    return {"landed": True}
"""
_TABLE: Final = """
create table landed (id uuid primary key default gen_random_uuid());
grant all on landed to service_role;
"""
_CONNECTIONS: Final = "select count(*) from pg_stat_activity where usename = 'authenticator'"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Instances behind a balancer's port."""

    port: int
    instances: list[Popen[bytes]]

    def ask(self, slug: str, seconds: float = _SECONDS, warm_up: float = 1.0) -> Load:
        request = render_request(f"/functions/v1/{slug}", "{}")
        return run_load(Plan([Visitor(self.port, [request])] * _VISITORS, seconds, warm_up))


@dataclass(frozen=True, slots=True)
class Project:
    """One database with its data API, and the functions' sources."""

    root: Path
    url: str
    dsn: str

    def count(self, query: str) -> int:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row
        return row[0]

    def variables(self) -> dict[str, str]:
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_ANON_KEY": mint_api_key(_SECRET, "anon"),
            "SUPABASE_SERVICE_ROLE_KEY": mint_api_key(_SECRET, "service_role"),
            "SUPABASE_JWT_SECRET": _SECRET,
            "SUPABASE_JWKS": '{"keys": []}',
        }


def write_functions(root: Path) -> None:
    """Two functions that anybody may call."""
    for name, source in (("waits", _WAITS), ("lands", _LANDS)):
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(source)
        policy = "verify_jwt = false\nmax_workers = 1\nconcurrency = 8\n"
        (folder / "function.toml").write_text(policy)


@contextmanager
def project() -> Generator[Project]:
    """A database that waits for the disk, as a real one does."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_functions(root)
        cluster = Cluster(root / "postgres", durable=True)
        cluster.start()
        try:
            dsn = cluster.create_database("scaling")
            bootstrap(dsn)
            with psycopg.connect(dsn) as connection:
                connection.execute(_TABLE)
            port = free_port()
            api = cluster.dsn("scaling", user="authenticator")
            with running(python("-m", "bench.scaling_project", str(port), api, _SECRET)):
                wait_answer(port, "/rest/v1/")
                yield Project(root, f"http://127.0.0.1:{port}", dsn)
        finally:
            cluster.stop()


@contextmanager
def fleet(served: Project, count: int) -> Generator[Fleet]:
    """So many instances, warm, behind a balancer."""
    with ExitStack() as exits:
        ports = [free_port() for _ in range(count)]
        options = (*_OPTIONS, "--workdir", str(served.root))
        instances = [
            exits.enter_context(
                running(
                    python("-m", "edge", "serve", *options, "--port", str(port)),
                    **served.variables(),
                )
            )
            for port in ports
        ]
        for port in ports:
            wait_ready(port)
        balancer = free_port()
        backends = map(str, ports)
        exits.enter_context(running(python("-m", "bench.balancer", str(balancer), *backends)))
        wait_answer(balancer, "/_internal/live")
        yield Fleet(balancer, instances)


def wait_ready(port: int) -> None:
    """Until the instance says that it is, and has warm workers."""
    deadline = time.monotonic() + _READY_SECONDS
    while b"ok" not in wait_answer(port, "/_internal/health"):
        assert time.monotonic() < deadline, "an instance does not become ready"
        time.sleep(0.05)
    for slug in ("waits", "lands"):
        ask(port, f"/functions/v1/{slug}", b"{}")


def measure(served: Project, count: int) -> dict[str, float]:
    """Answers a second of both functions, with what they take of memory and connections."""
    with fleet(served, count) as instances:
        rates: dict[str, float] = {}
        for slug in ("waits", "lands"):
            load = instances.ask(slug)
            assert not load.errors, load.errors[:3]
            rates[slug] = load.rate
        pids = [pid for instance in instances.instances for pid in family(instance.pid)]
        megabytes = proportional_bytes(pids) / (1 << 20)
        connections = served.count(_CONNECTIONS)
    print(
        f"{count} instances: waits {rates['waits']:7.1f}/s   lands {rates['lands']:7.1f}/s   "
        f"memory {megabytes:5.0f} MB   database connections {connections}",
        flush=True,
    )
    return rates


def kill_one(served: Project) -> None:
    """Rows answered for must be there, and the others must take what comes next."""
    before = served.count("select count(*) from landed")
    with fleet(served, 2) as instances, ThreadPoolExecutor() as pool:
        warmed = served.count("select count(*) from landed") - before
        loading = pool.submit(instances.ask, "lands", _SECONDS, 0.0)
        while served.count("select count(*) from landed") < before + warmed + 200:
            time.sleep(0.01)
        instances.instances[0].kill()
        load = loading.result()
        landed = served.count("select count(*) from landed") - before - warmed
        after = instances.ask("lands", 2.0)
    print(
        f"one of 2 killed: {len(load.latencies)} answered, {landed} rows, "
        f"{len(load.errors)} of {_VISITORS} connections broken; "
        f"then {len(after.latencies)} answered, {len(after.errors)} failed"
    )
    assert landed >= len(load.latencies), "an answered request is lost"
    assert load.errors, "nobody noticed the kill"
    assert not after.errors, after.errors[:3]


def main() -> None:
    """Measure, then kill."""
    print_machine()
    with project() as served:
        one, two, four = (measure(served, count) for count in (1, 2, 4))
        for slug in ("waits", "lands"):
            print(
                f"{slug}: 2 instances {two[slug] / one[slug]:.2f} times, "
                f"4 instances {four[slug] / one[slug]:.2f} times the throughput of 1"
            )
        kill_one(served)


if __name__ == "__main__":
    main()
