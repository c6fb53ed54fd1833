"""Signed webhooks to commit: steadily, and in a storm, against the same function on Deno.

Both work on the same database and through the same data API. Deno is asked directly, ours through
the gateway. Both verify each signature, and answer when the event is committed.
"""

import argparse
from collections.abc import Mapping
from random import Random
from typing import Final

from bench.pipeline import stack
from bench.support.load import Load, Plan, Visitor, run_load
from bench.support.machine import print_machine
from bench.support.peer import DENO
from bench.support.statistics import print_at_least, print_at_most
from bench.webhook_calls import KEY, PATH, Campaign, create_campaign, render_webhook, warm_up_call
from tests.support.processes import ROOT, free_port, running, wait_answer

_STEADY_VISITORS: Final = 20
_STORM_VISITORS: Final = 500
_WARM_UPS: Final = 200


def measure_steady(details: Mapping[str, str], port: int, seconds: int, rate: int) -> None:
    """Webhooks at a fixed rate, whatever the answers do."""
    campaign = create_campaign(details["DB_URL"], seconds * rate // 2)
    requests = [render_webhook(PATH, *document) for document in campaign.documents()]
    share, interval = _STEADY_VISITORS, _STEADY_VISITORS / rate
    visitors = [
        Visitor(port, requests[n::share], once=True, interval=interval, delay=n / rate)
        for n in range(share)
    ]
    load = _run(Plan(visitors, seconds + 30, warm_up=0))
    series = load.series(f"{rate} webhooks a second")
    print(series)
    campaign.check(details["DB_URL"], len(requests))
    print_at_most("webhook to commit, p50", series.p50, 5, "ms")
    print_at_most("webhook to commit, p99", series.p99, 15, "ms")


def measure_storm(dsn: str, port: int, path: str, deliveries: int, name: str) -> float:
    """Requests a second; a fifth of them are repetitions."""
    random = Random(4)
    campaign = create_campaign(dsn, deliveries * 2 // 5)
    load = _run(Plan(_storm(campaign, random, port, path), 120, warm_up=0))
    print(load.series(name), f"  {load.rate:,.0f} requests/s")
    campaign.check(dsn, deliveries)
    return load.rate


def _storm(campaign: Campaign, random: Random, port: int, path: str) -> list[Visitor]:
    documents = campaign.documents()
    documents += random.sample(documents, len(documents) // 4)
    random.shuffle(documents)
    requests = [render_webhook(path, *document) for document in documents]
    return [Visitor(port, requests[n::_STORM_VISITORS], once=True) for n in range(_STORM_VISITORS)]


def _run(plan: Plan) -> Load:
    load = run_load(plan)
    assert not load.errors, load.errors[:3]
    return load


def _warm_up(port: int, path: str) -> None:
    """As many at once as a storm brings, so that every process is there."""
    visitors = [
        Visitor(port, [render_webhook(path, *warm_up_call()) for _ in range(3)], once=True)
        for _ in range(_WARM_UPS)
    ]
    _run(Plan(visitors, 60, warm_up=0))


def deno_webhook(port: int) -> list[str]:
    """The peer's command."""
    main = str(ROOT / "bench/peers/deno/webhook.ts")
    return [str(DENO), "run", "--no-remote", "--node-modules-dir=manual", "-A", main, str(port)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2, help="of the storm, taking turns")
    options = parser.parse_args()
    print_machine()
    ours: list[float] = []
    peers: list[float] = []
    with stack() as details:
        port, peer_port = int(details["API_URL"].rpartition(":")[2]), free_port()
        variables = {
            "SUPABASE_URL": details["API_URL"],
            "SUPABASE_SERVICE_ROLE_KEY": details["SERVICE_ROLE_KEY"],
            "RETELL_API_KEY": KEY,
        }
        with running(deno_webhook(peer_port), **variables):
            wait_answer(peer_port)
            _warm_up(port, PATH)
            measure_steady(details, port, options.seconds, options.rate)
            _warm_up(peer_port, "/")
            dsn, count = details["DB_URL"], options.deliveries
            for _ in range(options.rounds):
                ours.append(measure_storm(dsn, port, PATH, count, "storm, ours"))
                peers.append(measure_storm(dsn, peer_port, "/", count, "storm, Deno"))
    print(f"ours {max(ours):,.0f} requests/s, Deno {max(peers):,.0f}, the better of {len(ours)}")
    print_at_least("webhook storm, times Deno's rate", max(ours) / max(peers), 2, "times")


if __name__ == "__main__":
    main()
