"""HTTP load from a process of its own, so that measuring takes nothing from the measured."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.support.statistics import Series
from tests.support.processes import ROOT, python


@dataclass(frozen=True, slots=True)
class Visitor:
    """One kept-alive connection to `port`: asks, waits for the answer, asks again.

    `requests` are whole requests as bytes of latin-1, sent in turn, and only `once` if so. With an
    `interval` the next one is due so many seconds after the last was, the first after `delay`;
    latency is counted from when it was due.
    """

    port: int
    requests: Sequence[str]
    once: bool = False
    interval: float = 0.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Visitors at work for `seconds`, or until `requests` are answered if that comes first.

    What is answered in the first `warm_up` seconds is not counted.
    """

    visitors: Sequence[Visitor]
    seconds: float
    warm_up: float = 0.5
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: latencies in milliseconds of what succeeded, what went wrong."""

    latencies: list[float]
    errors: list[str]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def series(self, name: str) -> Series:
        return Series(name, self.latencies)


def render_request(
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
) -> str:
    """A GET, or a POST (or another `method`) of JSON."""
    method = method or ("GET" if body is None else "POST")
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", body or ""])


def run_load(plan: Plan) -> Load:
    """Carry the plan out, in another process."""
    finished = subprocess.run(
        python("-m", "bench.support.load_client"),
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        timeout=plan.seconds + plan.warm_up + 60,
        check=True,
    )
    return Load(**json.loads(finished.stdout))
