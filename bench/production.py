"""Mixed traffic of all functions (but `recordings`) over several instances, while things break.

Instances are killed with -9 and started again, the database is restarted and killed, providers
answer 429, 5xx, late, cut or nonsense. Each call is repeated as a careful client repeats it. In the
end everything that was acknowledged is looked for in the database, by its id.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx

from bench.support.machine import print_machine
from bench.support.mixed.caller import Caller, Figures
from bench.support.mixed.flows import Flows
from bench.support.mixed.ledger import Ledger, open_work, recount
from bench.support.mixed.people import create_people
from bench.support.mixed.site import Site, open_site
from bench.support.mixed.troubles import Troubles
from bench.support.statistics import Series
from tests.support.played_worker import PlayedWorker, playing
from tests.support.process_tree import proportional_bytes

_USERS: Final = 10
_QUIET_SECONDS: Final = 120.0


async def load(site: Site, worker_url: str, options: argparse.Namespace) -> bool:
    """Run traffic and troubles; report. Returns whether nothing was lost."""
    ledger = Ledger()
    people = create_people(site, _USERS)
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=20, keepalive_expiry=2)
    async with httpx.AsyncClient(timeout=150, limits=limits) as client:
        caller = Caller(site, client)
        flows = Flows(caller, ledger, people, worker_url)
        background = [asyncio.ensure_future(each) for each in flows.background()]
        troubles = Troubles(site)
        end = time.monotonic() + options.minutes * 60
        async with asyncio.TaskGroup() as tasks:
            for _ in range(options.callers):
                tasks.create_task(_keep_asking(flows, end))
            if not options.calm:
                tasks.create_task(troubles.make(options.minutes * 60))
        memory = _measure_memory(site)
        quiet = await _wait_for_quiet(site)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
    _report(caller, options.minutes * 60)
    for what, count in sorted(troubles.dealt.items()):
        print(f"{count:4} {what}")
    if troubles.ready_seconds:
        print(Series("kill -9 until ready again", [s * 1000 for s in troubles.ready_seconds]))
    print(f"memory of {len(site.instances)} instances {memory:,.0f} MB (PSS)")
    print(f"all work was finished {quiet:.0f} s after the last request")
    print("acknowledged: " + ", ".join(f"{n:,} {kind}" for kind, n in ledger.counts().items()))
    faults = list(recount(site, ledger))
    for text, count in caller.surprises.most_common(20):
        print(f"SURPRISE {count} times: {text}")
    print("\n".join(f"BROKEN: {fault}" for fault in faults) or "ok: nothing acknowledged is lost")
    return not faults and not caller.surprises


def _measure_memory(site: Site) -> float:
    """Return the megabytes of all instances; processes may end meanwhile."""
    total = 0
    for pid in site.pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            total += proportional_bytes([pid])
    return total / (1 << 20)


async def _keep_asking(flows: Flows, end: float) -> None:
    choices, weights = flows.weighted()
    while time.monotonic() < end:
        (flow,) = flows.dice.choices(choices, weights)
        await flow()


async def _wait_for_quiet(site: Site) -> float:
    """Wait until all work is finished, and return how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < _QUIET_SECONDS:
        with suppress(OSError):
            if not await asyncio.to_thread(open_work, site):
                break
        await asyncio.sleep(1)
    return time.monotonic() - began


def _report(caller: Caller, seconds: float) -> None:
    names = ("calls", "p50 ms", "p99 ms", "errors", "given up")
    print(f"{'function':<26}" + "".join(f"{name:>9}" for name in names) + "  causes")
    every = Figures()
    for slug, figures in sorted(caller.figures.items()):
        _print_line(slug, figures)
        every.latencies += figures.latencies
        every.errors += figures.errors
        every.calls += figures.calls
        every.given_up += figures.given_up
    _print_line("all", every)
    print(f"{every.attempts / seconds:.1f} attempts a second")


def _print_line(name: str, figures: Figures) -> None:
    series = Series(name, figures.latencies or [float("nan")])
    rate = figures.errors.total() / max(1, figures.attempts)
    causes = Counter(figures.errors).most_common(4)
    described = ", ".join(f"{count} {cause}" for cause, count in causes)
    print(
        f"{name:<26}{figures.calls:>9}{series.p50:>9.0f}{series.p99:>9.0f}{rate:>9.1%}"
        f"{figures.given_up:>9}  {described}"
    )


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--instances", type=int, default=4)
    parser.add_argument("--callers", type=int, default=12)
    parser.add_argument("--calm", action="store_true", help="nothing breaks")
    parser.add_argument("--keep", type=Path, help="keep logs in this folder")
    options = parser.parse_args()
    print_machine()
    worker = PlayedWorker({"status": "healthy", "success": True, "response": "A lighthouse."})
    with tempfile.TemporaryDirectory(prefix="edge-production-") as temporary, playing(worker):
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with open_site(folder, options.instances) as site:
            is_sound = asyncio.run(load(site, worker.url, options))
    sys.exit(0 if is_sound else 1)


if __name__ == "__main__":
    main()
