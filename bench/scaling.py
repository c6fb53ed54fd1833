"""One, two and four production instances behind a TCP balancer, with one database.

`waits` stands for calls of models: 100 ms of waiting, 8 at a time in an instance. `lands` inserts
a row through the data API and answers once that is committed: its cost is all processor time, of
which instances on one machine have no more than one has. At the end an instance is killed.
`--proof` has a campaign and talk tracks run over them instead, and looks for what is lost.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.tokens import mint_api_key
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.fleet_proof import Proof, Size, prove
from tests.support.process_tree import proportional_bytes
from tests.support.processes import ask, free_port, python, running, wait_answer

_SECRET: Final = "a-secret-of-at-least-thirty-two-characters"
_VISITORS: Final = 48
_SECONDS: Final = 6.0
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


def ask_fleet(instances: Fleet, slug: str, seconds: float = _SECONDS, warm_up: float = 1.0) -> Load:
    """What so many callers at once get of a function, over the balancer."""
    request = render_request(f"/functions/v1/{slug}", "{}")
    return run_load(Plan([Visitor(instances.port, [request])] * _VISITORS, seconds, warm_up))


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
            with running(python("-m", "tests.chaos.fleet_project", str(port), api, _SECRET)):
                wait_answer(port, "/rest/v1/")
                yield Project(root, f"http://127.0.0.1:{port}", dsn)
        finally:
            cluster.stop()


@contextmanager
def warm_fleet(served: Project, count: int) -> Generator[Fleet]:
    """So many instances, each with its workers."""
    with fleet(served.root, served.variables(), count, "--limits", "local") as instances:
        for port in instances.ports:
            for slug in ("waits", "lands"):
                ask(port, f"/functions/v1/{slug}", b"{}")
        yield instances


def measure(served: Project, count: int) -> dict[str, float]:
    """Answers a second of both functions, with what they take of memory and connections."""
    with warm_fleet(served, count) as instances:
        rates: dict[str, float] = {}
        for slug in ("waits", "lands"):
            load = ask_fleet(instances, slug)
            assert not load.errors, load.errors[:3]
            rates[slug] = load.rate
        megabytes = proportional_bytes(instances.pids) / (1 << 20)
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
    with warm_fleet(served, 2) as instances, ThreadPoolExecutor() as pool:
        warmed = served.count("select count(*) from landed") - before
        loading = pool.submit(ask_fleet, instances, "lands", _SECONDS, 0.0)
        enough = before + warmed + _VISITORS
        while served.count("select count(*) from landed") < enough and not loading.done():
            time.sleep(0.01)
        instances.kill_one()
        load = loading.result()
        landed = served.count("select count(*) from landed") - before - warmed
        after = ask_fleet(instances, "lands", 2.0)
    print(
        f"one of 2 killed: {len(load.latencies)} answered, {landed} rows, "
        f"{len(load.errors)} of {_VISITORS} connections broken; "
        f"then {len(after.latencies)} answered, {len(after.errors)} failed"
    )
    assert landed >= len(load.latencies), "an answered request is lost"
    assert load.errors, "no request failed at the kill"
    assert not after.errors, after.errors[:3]


def measure_all() -> None:
    """Throughput of one, two and four; then one of two is killed."""
    with project() as served:
        one, two, four = (measure(served, count) for count in (1, 2, 4))
        for slug in ("waits", "lands"):
            print(
                f"{slug}: 2 instances {two[slug] / one[slug]:.2f} times, "
                f"4 instances {four[slug] / one[slug]:.2f} times the throughput of 1"
            )
        kill_one(served)


def prove_all(contacts: int, tracks: int) -> bool:
    """Whether nothing was lost by one, two and four."""
    sizes = [Size(count, contacts, tracks) for count in (1, 2, 4)]
    proofs: list[Proof] = []
    for size in sizes:
        proof = prove(size)
        proofs.append(proof)
        times = proof.track_rate / proofs[0].track_rate
        print(f"{proof.describe()}; {times:.2f} times the talk tracks of 1", flush=True)
        print("\n".join(f"BROKEN: {fault}" for fault in proof.faults) or "ok: nothing lost")
    return not any(fault for proof in proofs for fault in proof.faults)


def main() -> None:
    """Measure, or prove."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proof", action="store_true", help="a campaign and talk tracks instead")
    parser.add_argument("--contacts", type=int, default=300)
    parser.add_argument("--tracks", type=int, default=200)
    options = parser.parse_args()
    print_machine()
    if not options.proof:
        measure_all()
    elif not prove_all(options.contacts, options.tracks):
        sys.exit(1)


if __name__ == "__main__":
    main()
