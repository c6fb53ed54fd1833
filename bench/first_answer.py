"""From the command to the first answer: `edge start` in a new project against a cold process.

The project has one plain function. Ours is the whole stack with a new database; the peer is
functions-framework alone, with the function that imports supabase, openai and anthropic, as each
cold start of a platform pays for it. They take turns, so that what else the machine does hits both.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.support.machine import print_machine
from bench.support.peer import functions_framework
from bench.support.statistics import Series, print_at_least, print_ratio
from tests.support.processes import ROOT, ask, free_port, python, running

_HEAVY: Final = ROOT / "bench/functions/heavy/main.py"
_PLAIN: Final = 'async def main(request):\n    return {"hello": "world"}\n'
_DEADLINE: Final = 60
_TARGET: Final = 1.6  # 2.5 s where the peer needs 4 s


def measure_ours() -> float:
    """Milliseconds until the plain function of a new project is answered by `edge start`."""
    with tempfile.TemporaryDirectory() as folder:
        function = Path(folder, "functions/hello")
        function.mkdir(parents=True)
        (function / "main.py").write_text(_PLAIN)
        port, db_port = free_port(), free_port()
        ports = ("--port", str(port), "--db-port", str(db_port))
        options = (*ports, "--no-verify-jwt", "--workdir", folder)
        began = time.perf_counter()
        with running(python("-m", "edge", "start", *options)):
            wait_for(port, "/functions/v1/hello", b"world")
            elapsed = (time.perf_counter() - began) * 1000
        shutil.rmtree(Path(folder, ".edge"), ignore_errors=True)
    return elapsed


def measure_peer() -> float:
    """Milliseconds until a new functions-framework process answers."""
    port = free_port()
    began = time.perf_counter()
    with running(functions_framework(_HEAVY, port)):
        wait_for(port, "/", b"clients")
        return (time.perf_counter() - began) * 1000


def wait_for(port: int, path: str, expected: bytes) -> None:
    """Return when the answer at `path` has the expected text."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        try:
            if expected in ask(port, path):
                return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"no answer at {path} within {_DEADLINE} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="one start of each in each")
    options = parser.parse_args()
    print_machine()
    measure_ours()
    measure_peer()  # both once, so that bytecode and files are there
    ours, theirs = list[float](), list[float]()
    for _ in range(options.rounds):
        ours.append(measure_ours())
        theirs.append(measure_peer())
    edge = Series("edge start, the first answer", ours)
    peer = Series("functions-framework --asgi, cold", theirs)
    print(edge)
    print(peer)
    ratio = print_ratio(edge, peer)
    print_at_least("first answer against functions-framework", ratio, _TARGET, "times as fast")


if __name__ == "__main__":
    main()
