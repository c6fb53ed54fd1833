"""What one production instance with one gateway process can take: requests, connections, memory.

Requests a second with and without a collector of traces, the first request of functions that no
worker serves yet, memory of idle connections and of the instance, and the time until it is ready.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from bench.support.load import Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.statistics import Series
from edge.telemetry.export import Telemetry
from edge.telemetry.settings import Signal, TelemetrySettings
from tests.support.otlp_collector import collecting
from tests.support.process_tree import family, proportional_bytes
from tests.support.processes import ask
from tests.support.production_process import Instance, production, variables

_ANSWERS: Final = "async def main(request):\n    return {'ok': True}\n"
_COLD: Final = 20
_VISITORS: Final = 48
_SPANS: Final = 2000
_MEGABYTE: Final = 1 << 20


@contextmanager
def instance(root: Path, endpoint: str = "") -> Generator[tuple[Instance, int]]:
    """Start one instance of all functions at `root`; also return its port."""
    environment = variables() | ({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if endpoint else {})
    options = ("--processes", "1", "--limits", "local")
    began = time.perf_counter()
    with production(root, root / "log", environment, *options) as running:
        url = running.wait_until_ready()
        print(f"ready after {time.perf_counter() - began:.1f} s")
        yield running, int(url.rpartition(":")[2])


def write_functions(root: Path) -> None:
    for name in ("answers", *(f"cold{n}" for n in range(_COLD))):
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(_ANSWERS)
        (folder / "function.toml").write_text("verify_jwt = false\nconcurrency = 50\n")


def measure_rate(port: int, what: str, seconds: float) -> None:
    request = render_request("/functions/v1/answers", "{}")
    load = run_load(Plan([Visitor(port, [request])] * _VISITORS, seconds, 1.0))
    assert not load.errors, load.errors[:3]
    print(f"{what}: {load.rate:,.0f} requests/s")
    print(load.series(f"{_VISITORS} connections, {what}"))


def measure_cold(port: int) -> None:
    times: list[float] = []
    for n in range(_COLD):
        began = time.perf_counter()
        ask(port, f"/functions/v1/cold{n}", b"{}")
        times.append((time.perf_counter() - began) * 1000)
    print(Series("first request of a function", times))


async def measure_connections(port: int, pid: int, count: int) -> None:
    before = proportional_bytes(family(pid))
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in opened:  # kept open for an upload that goes on
        writer.write(
            b"POST /functions/v1/answers HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"
        )
    await asyncio.sleep(1)
    spent = proportional_bytes(family(pid)) - before
    answered = ask(port, "/functions/v1/answers", b"{}")
    print(f"{count:,} open connections: {spent / count / 1024:.1f} kB each; then {answered!r}")
    for _, writer in opened:
        writer.close()


def measure_spans() -> None:
    """Print the processor time that a span takes in a request's way, recorded and not."""
    signal = Signal("http://127.0.0.1:9/v1/traces", {})
    telemetry = Telemetry(TelemetrySettings(signal, None, "bench", {}), tuple)
    telemetry.start()
    for flag, what in (("01", "recorded"), ("00", "not sampled")):
        parent = f"00-{'a' * 32}-{'b' * 16}-{flag}".encode()
        began = time.thread_time()
        for _ in range(_SPANS):
            span = telemetry.begin("POST /functions/v1/answers", [(b"traceparent", parent)])
            assert span
            span.headers([(b"host", b"x")])
            span.end(200, dict.fromkeys(("a", "b", "c", "d", "e", "f", "g", "h"), "text"))
        microseconds = (time.thread_time() - began) / _SPANS * 1e6
        print(f"a span that is {what}: {microseconds:.0f} µs of the gateway's loop")
    telemetry.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=400)
    options = parser.parse_args()
    print_machine()
    measure_spans()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_functions(root)
        for what in ("without traces", "with traces"):
            collector = collecting() if what == "with traces" else nullcontext(None)
            with collector as found, instance(root, found.url if found else "") as (run, port):
                ask(port, "/functions/v1/answers", b"{}")
                measure_rate(port, what, options.seconds)
                if not found:
                    measure_cold(port)
                    memory = proportional_bytes(family(run.process.pid)) / _MEGABYTE
                    print(f"memory with {_COLD + 1} small workers: {memory:.0f} MB (PSS)")
                    pid = run.process.pid
                    asyncio.run(measure_connections(port, pid, options.connections))


if __name__ == "__main__":
    main()
