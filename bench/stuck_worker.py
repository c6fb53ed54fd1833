"""How long others wait for a function while one of its workers is stuck, until it is replaced.

A request spins, matches a catastrophic regex, sleeps in async code, or takes locks in a circle of
two threads; others of the same function are asked all the time. There is no peer: a stuck worker
of functions-framework is stuck for all.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_most
from tests.support.processes import ask, free_port, python, running, wait_answer

_ASYNC: Final = '''"""Gets stuck as it is asked to."""

import re
import time


async def main(request):
    how = request.query_params.get("how")
    while how == "spinning":
        pass
    if how == "matching":
        re.match("(a+)+$", "a" * 60 + "b")
    if how == "sleeping":
        time.sleep(600)
    return "ok"
'''
_PLAIN: Final = '''"""Threads that wait for each other's locks."""

import threading
import time

ONE, TWO = threading.Lock(), threading.Lock()


def take(first, second):
    with first:
        time.sleep(0.1)
        with second:
            pass


def main(request):
    if request.args.get("how") == "deadlocked":
        other = threading.Thread(target=take, args=(TWO, ONE))
        other.start()
        take(ONE, TWO)
    return "ok"
'''
_WAYS: Final = {
    "spinning": "coroutine",
    "matching": "coroutine",
    "sleeping": "coroutine",
    "deadlocked": "plain",
}
_PAUSE: Final = 0.02
_SECONDS: Final = 9  # a worker that is stuck for six is killed


@contextmanager
def project() -> Generator[Path]:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for slug, body in (("coroutine", _ASYNC), ("plain", _PLAIN)):
            folder = root / "functions" / slug
            folder.mkdir(parents=True)
            (folder / "main.py").write_text(body)
            (folder / "function.toml").write_text("verify_jwt = false\nmax_workers = 2\n")
        yield root


def measure(port: int, how: str) -> Series:
    """Ask one after the other while the worker is stuck and until it was replaced."""
    path = f"/functions/v1/{_WAYS[how]}"
    assert wait_answer(port, path) == b"ok"
    stuck = threading.Thread(target=_ask_in_vain, args=(port, f"{path}?how={how}"), daemon=True)
    stuck.start()
    time.sleep(_PAUSE)
    values: list[float] = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        began = time.perf_counter()
        answer = ask(port, path)
        values.append((time.perf_counter() - began) * 1000)
        assert answer == b"ok", answer
        time.sleep(_PAUSE)
    return Series(f"others while one is {how}", values)


def _ask_in_vain(port: int, path: str) -> None:
    with suppress(OSError):
        ask(port, path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_machine()
    port = free_port()
    slowest: list[float] = []
    with (
        project() as root,
        running(python("-m", "bench.support.serve", str(port), str(root))),
    ):
        wait_answer(port, "/functions/v1/coroutine")
        for how in _WAYS:
            for _ in range(options.rounds):
                series = measure(port, how)
                slowest.append(max(series.values))
                print(f"{series}   max {slowest[-1]:8.2f} ms")
    print_at_most("longest wait beside a stuck worker", max(slowest), 3000, "ms")


if __name__ == "__main__":
    main()
