"""Hours of use in minutes: requests, crashes and reloads, and what is left of them afterwards.

The peer is the runtime itself, a third of the way in: what it takes then it may take at the end.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path
from typing import Final

from bench.support.load import Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.source import save
from bench.support.statistics import print_at_most, slope
from tests.support.process_tree import family, open_files, resident_bytes
from tests.support.processes import ROOT, ask, free_port, python, running, wait_answer

_SOURCE: Final = ROOT / "bench/functions/churn"
_PATH: Final = "/functions/v1/churn"
_BODY: Final = '{"name": "Ada", "numbers": [1, 2, 3]}'
_CONNECTIONS: Final = 8
_DEADLINE: Final = 10.0
_AT_REST: Final = 3
"""Processes when nothing happens: gateway, zygote, one worker."""
_SWING: Final = 2.0
"""By so many percent the memory of a process may seem to grow: an allocator's ups and downs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the runtime takes at rest."""

    gateway_kb: int
    zygote_kb: int
    descriptors: int
    sockets: int
    processes: int
    temporary_files: int


@dataclass(frozen=True, slots=True)
class Round:
    """How much happens before the next sample is taken."""

    requests: int
    crashes: int
    reloads: int


@dataclass(frozen=True, slots=True)
class Runtime:
    """A running gateway that reloads the function in `folder`; `temporary` is its TMPDIR."""

    pid: int
    port: int
    folder: Path
    temporary: Path


@contextmanager
def runtime() -> Generator[Runtime]:
    """A runtime of its own, its function answering."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder, temporary = root / "functions/churn", root / "tmp"
        shutil.copytree(_SOURCE, folder)
        temporary.mkdir()
        port = free_port()
        command = python("-m", "bench.support.serve", str(port), str(root), "--reload")
        with running(command, TMPDIR=str(temporary)) as process:
            wait_answer(port, _PATH)
            yield Runtime(process.pid, port, folder, temporary)


def churn(served: Runtime, work: Round, versions: Callable[[], int]) -> None:
    """One round."""
    visitor = Visitor(served.port, [render_request(_PATH, _BODY)])
    load = run_load(Plan([visitor] * _CONNECTIONS, 120, warm_up=0, requests=work.requests))
    assert len(load.latencies) == work.requests, load.errors[:3]
    for _ in range(work.crashes):
        assert b"WORKER_ERROR" in ask(served.port, f"{_PATH}?end")
        ask(served.port, _PATH)
    for _ in range(work.reloads):
        reload(served, str(versions()))


def reload(served: Runtime, version: str) -> None:
    """Save another version, and wait until it answers."""
    source = (_SOURCE / "main.py").read_text()
    save(served.folder, source.replace('VERSION = "0"', f'VERSION = "{version}"'))
    end = time.monotonic() + _DEADLINE
    while ask(served.port, _PATH).decode() != version:
        assert time.monotonic() < end, f"version {version} never answered"
        time.sleep(0.005)


def take_sample(served: Runtime) -> Sample:
    """What is there when the workers of the past have ended; or did not, within the deadline."""
    end = time.monotonic() + _DEADLINE
    while len(members := family(served.pid)) > _AT_REST and time.monotonic() < end:
        time.sleep(0.05)
    gateway, zygote = members[:2]
    opened = [open_files(pid) for pid in (gateway, zygote)]
    return Sample(
        gateway_kb=resident_bytes(gateway) // 1024,
        zygote_kb=resident_bytes(zygote) // 1024,
        descriptors=sum(every for every, _ in opened),
        sockets=sum(sockets for _, sockets in opened),
        processes=len(members),
        temporary_files=sum(path.is_file() or path.is_socket() for path in _files(served)),
    )


def _files(served: Runtime) -> list[Path]:
    return list(served.temporary.rglob("*"))


def report(samples: Sequence[Sample], requests: int) -> None:
    """Each measure before, a third in, and after; and its slope over the last two thirds."""
    settled = samples[len(samples) // 3 :]
    series = {
        field.name: [getattr(sample, field.name) for sample in settled] for field in fields(Sample)
    }
    print(f"{'at rest':<18}{'first':>10}{'a third in':>12}{'last':>10}   slope/1,000 requests")
    for name, values in series.items():
        per_thousand = slope(values) / requests * 1000
        first = getattr(samples[0], name)
        print(f"{name:<18}{first:>10,}{values[0]:>12,}{values[-1]:>10,}   {per_thousand:+.3f}")
    for name, values in series.items():
        if name.endswith("_kb"):
            growth = slope(values) * (len(values) - 1) / values[0] * 100
            print_at_most(f"growth of {name}", growth, _SWING, "%")
        else:
            print_at_most(f"growth of {name}", values[-1] - values[0], 0, "more")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="ten times as much of everything")
    parser.add_argument("--rounds", type=int, default=24)
    options = parser.parse_args()
    print_machine()
    scale = 10 if options.full else 1
    rounds = options.rounds
    work = Round(-(-10_000 * scale // rounds), -(-100 * scale // rounds), -(-100 * scale // rounds))
    versions = count(1)
    with runtime() as served:
        samples = [take_sample(served)]
        for _ in range(rounds):
            churn(served, work, versions.__next__)
            samples.append(take_sample(served))
    print(
        f"{work.requests * rounds:,} requests, {work.crashes * rounds:,} crashes, "
        f"{work.reloads * rounds:,} reloads"
    )
    report(samples, work.requests)


if __name__ == "__main__":
    main()
