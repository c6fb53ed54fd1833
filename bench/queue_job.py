"""queue-job by 64 clients at once, against the same function on Deno.

All work on the same database and through the same data API, one process each. Deno is asked
directly; ours once as well, deployed alone as a container runs it, and once through the gateway of
`edge start`, which checks tokens, records requests and shows logs besides. Each request is another
user's, so that no user has too many jobs. Processor time is that of all servers, Postgres included:
on a busy machine it says more than rates do.

All give the same answer, with the place in the queue, which is checked before. Deno's version makes
one call of the data API for each request, of the function of the database that ours calls, since a
job and its message have to be one transaction; it verifies tokens itself, which costs less than the
guides' `auth.getUser`. Ours enqueues what comes meanwhile in one call: most of the difference.
"""

import argparse
import json
import os
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psycopg

from bench.pipeline import stack
from bench.support.load import Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.peer import DENO
from bench.support.statistics import print_at_least
from edge.deploy.atomic_folder import replace_folder
from edge.deploy.bundle.build import build_bundle
from edge.operating_system import cpu_seconds
from edge.tokens import mint
from tests.support.process_tree import family
from tests.support.processes import ROOT, free_port, python, running, wait_answer

_CLIENTS: Final = 64
_PATH: Final = "/functions/v1/queue-job"
_BODY: Final = json.dumps(
    {
        "job_type": "sdxl_image_fast",
        "prompt": "a lighthouse at dawn, painted in oil",
        "num_images": 1,
        "metadata": {"aspect_ratio": "16:9", "contentType": "sfw"},
    }
)


def deno(port: int) -> list[str]:
    """The peer's command."""
    main = str(ROOT / "bench/peers/deno/queue_job.ts")
    return [str(DENO), "run", "--no-remote", "--node-modules-dir=manual", "-A", main, str(port)]


@contextmanager
def deployed(port: int, details: Mapping[str, str]) -> Generator[None]:
    """Run the function's bundle alone."""
    with tempfile.TemporaryDirectory(prefix="edge-queue-job-") as home:
        folder = Path(home) / "queue-job"
        replace_folder(folder, build_bundle(ROOT, "queue-job").files)
        secret = urlsafe_b64encode(details["JWT_SECRET"].encode()).rstrip(b"=").decode()
        variables = {
            "SUPABASE_URL": details["API_URL"],
            "SUPABASE_ANON_KEY": details["ANON_KEY"],
            "SUPABASE_SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"],
            "SUPABASE_JWT_SECRET": details["JWT_SECRET"],
            "SUPABASE_JWKS": json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": secret}]}),
        }
        options = ["--source", str(folder / "main.py"), "--target", "main", "--asgi"]
        command = python("-m", "functions_framework", *options, "--port", str(port))
        with running(command, **variables):
            wait_answer(port)
            yield


@dataclass(frozen=True, slots=True)
class Measured:
    """Answered requests a second, and milliseconds of processor time for each."""

    rate: float
    processor_ms: float


def measure(
    details: Mapping[str, str], port: int, path: str, name: str, seconds: float
) -> Measured:
    """Measure requests, each of which has queued a job."""
    with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
        connection.execute("delete from public.jobs")
        rows = connection.execute(
            "insert into auth.users (id) select gen_random_uuid() from generate_series(1, %s)"
            " returning id::text",
            (_CLIENTS,),
        ).fetchall()
        visitors = [_visitor(details, port, path, user_id) for (user_id,) in rows]
        before = _processor_seconds()
        load = run_load(Plan(visitors, seconds, warm_up=2))
        spent = _processor_seconds() - before
        assert not load.errors, load.errors[:3]
        row = connection.execute("select count(*) from public.jobs").fetchone()
    assert row is not None
    assert row[0] >= len(load.latencies)
    found = Measured(load.rate, spent / row[0] * 1000)
    print(load.series(name), f"  {found.rate:,.0f} requests/s, {found.processor_ms:.2f} ms of CPU")
    return found


def _processor_seconds() -> float:
    """Return what the processes below this one have used."""
    return sum(cpu_seconds(pid) for pid in family(os.getpid())[1:])


def check_answers(details: Mapping[str, str], urls: Collection[str]) -> None:
    """Check that all answer with the same members: what one leaves out costs it nothing."""
    with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
        row = connection.execute(
            "insert into auth.users (id) values (gen_random_uuid()) returning id::text"
        ).fetchone()
    assert row is not None
    headers = {"content-type": "application/json", **_headers(details, row[0])}
    answers = [httpx.post(url, content=_BODY, headers=headers).json() for url in urls]
    assert len({frozenset(answer) for answer in answers}) == 1, answers


def _visitor(details: Mapping[str, str], port: int, path: str, user_id: str) -> Visitor:
    return Visitor(port, [render_request(path, _BODY, _headers(details, user_id))])


def _headers(details: Mapping[str, str], user_id: str) -> dict[str, str]:
    token = mint(details["JWT_SECRET"], "authenticated", sub=user_id, aud="authenticated")
    return {"apikey": details["ANON_KEY"], "authorization": f"Bearer {token}"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="taking turns")
    options = parser.parse_args()
    print_machine()
    with stack("queue_job") as details:
        port, peer_port, alone_port = _port(details), free_port(), free_port()
        variables = {
            "SUPABASE_URL": details["API_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"],
            "JWT_SECRET": details["JWT_SECRET"],
        }
        with running(deno(peer_port), **variables), deployed(alone_port, details):
            wait_answer(peer_port)
            servers = {
                "ours alone": (alone_port, "/"),
                "ours by edge start": (port, _PATH),
                "Deno": (peer_port, "/"),
            }
            check_answers(details, [f"http://127.0.0.1:{p}{path}" for p, path in servers.values()])
            found: dict[str, list[Measured]] = {name: [] for name in servers}
            for _ in range(options.rounds):
                for name, (asked, path) in servers.items():
                    label = f"queue-job, {name}"
                    found[name].append(measure(details, asked, path, label, options.seconds))
    peer = found.pop("Deno")
    for name, ours in found.items():
        rate = max(each.rate for each in ours) / max(each.rate for each in peer)
        least = min(each.processor_ms for each in ours)
        per_second = min(each.processor_ms for each in peer) / least
        print(f"{name}: {per_second:.2f} times as many a second of processor time as Deno")
        print_at_least(f"queue-job, {name}, times Deno's rate", rate, 2, "times")


def _port(details: Mapping[str, str]) -> int:
    return int(details["API_URL"].rpartition(":")[2])


if __name__ == "__main__":
    main()
