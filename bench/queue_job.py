"""queue-job by 64 clients at once, against the same function on Deno.

Both work on the same database and through the same data API. Deno is asked directly, ours through
the gateway. Each request is another user's, so that no user has too many jobs.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Final

import psycopg

from bench.pipeline import stack
from bench.support.load import Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.peer import DENO
from bench.support.statistics import print_at_least
from edge.tokens import mint
from tests.support.processes import ROOT, free_port, running, wait_answer

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


def measure(details: Mapping[str, str], port: int, path: str, name: str, seconds: float) -> float:
    """Requests a second that are answered, each of which has queued a job."""
    with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
        connection.execute("delete from public.jobs")
        rows = connection.execute(
            "insert into auth.users (id) select gen_random_uuid() from generate_series(1, %s)"
            " returning id::text",
            (_CLIENTS,),
        ).fetchall()
        visitors = [_visitor(details, port, path, user_id) for (user_id,) in rows]
        load = run_load(Plan(visitors, seconds, warm_up=2))
        assert not load.errors, load.errors[:3]
        row = connection.execute("select count(*) from public.jobs").fetchone()
    print(load.series(name), f"  {load.rate:,.0f} requests/s")
    assert row is not None
    assert row[0] >= len(load.latencies)
    return load.rate


def _visitor(details: Mapping[str, str], port: int, path: str, user_id: str) -> Visitor:
    token = mint(details["JWT_SECRET"], "authenticated", sub=user_id, aud="authenticated")
    headers = {"apikey": details["ANON_KEY"], "authorization": f"Bearer {token}"}
    return Visitor(port, [render_request(path, _BODY, headers)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="taking turns")
    options = parser.parse_args()
    print_machine()
    ours: list[float] = []
    peers: list[float] = []
    with stack("queue_job") as details:
        port, peer_port = int(details["API_URL"].rpartition(":")[2]), free_port()
        variables = {
            "SUPABASE_URL": details["API_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"],
            "JWT_SECRET": details["JWT_SECRET"],
        }
        with running(deno(peer_port), **variables):
            wait_answer(peer_port)
            for _ in range(options.rounds):
                ours.append(measure(details, port, _PATH, "queue-job, ours", options.seconds))
                peers.append(measure(details, peer_port, "/", "queue-job, Deno", options.seconds))
    print(f"ours {max(ours):,.0f} requests/s, Deno {max(peers):,.0f}, the best of {len(ours)}")
    print_at_least("queue-job, times Deno's rate", max(ours) / max(peers), 2, "times")


if __name__ == "__main__":
    main()
