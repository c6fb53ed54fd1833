"""`python -m bench.fuzz --minutes 10`: random requests and frames to a stack, as long as asked.

Reports each kind of failure once (a 5xx, a hang, a probe whose answer changed), and how much the
gateway's memory grew after the first fifth of the time. Exits with 1 if anything failed or if it
grew by more than --growth MB.
"""

import argparse
import re
import sys
import time

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bench.pipeline import stack
from edge.tokens import mint
from tests.support.fuzz.check import Fuzz
from tests.support.fuzz.requests import Keys, Request, requests
from tests.support.fuzz.services import FRAMES, broadcast_requests, storage_requests
from tests.support.fuzz.sockets import SocketFuzz
from tests.support.process_tree import resident_bytes

_SHOWN = 1500


def main() -> None:
    """Send requests until the time is up, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--growth", type=float, default=60, help="allowed growth in MB")
    options = parser.parse_args()
    with stack() as details:
        user = mint(
            details["JWT_SECRET"], "authenticated", sub=f"{'0' * 8}-0000-4000-8000-{'0' * 12}"
        )
        keys = Keys(details["PUBLISHABLE_KEY"], user, details["SECRET_KEY"])
        fuzz = Fuzz(details["API_URL"], keys)
        sockets = SocketFuzz(details["API_URL"], keys.publishable)
        found: dict[str, str] = {}
        ends_at = time.monotonic() + options.minutes * 60
        measured_at = ends_at - options.minutes * 60 * 0.8
        before = None
        number = options.seed
        while time.monotonic() < ends_at:
            _run(fuzz, sockets, number, found)
            number += 1
            if before is None and time.monotonic() > measured_at:
                before = _resident_megabytes(details["PID"])
        grown = _resident_megabytes(details["PID"]) - (before or 0.0)
        sockets.close()
        fuzz.close()
    print(
        f"{fuzz.sent:,} requests, {sockets.sent:,} frames, {len(found)} kinds of failures,"
        f" {grown:.0f} MB grown"
    )
    sys.exit(bool(found) or grown > options.growth)


def _run(fuzz: Fuzz, sockets: SocketFuzz, number: int, found: dict[str, str]) -> None:
    services = st.one_of(storage_requests(fuzz.keys), broadcast_requests(fuzz.keys))
    any_request = st.one_of(requests(fuzz.keys), services)

    @seed(number)
    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(st.lists(any_request, min_size=4, max_size=16), st.lists(FRAMES, max_size=8))
    def check(batch: list[Request], frames: list[str | bytes]) -> None:
        try:
            fuzz.check(batch)
            sockets.check(frames)
        except Exception as exc:
            shown = f"{type(exc).__name__}: {exc}"
            kind = re.sub(r"\d+", "0", shown)[:90]
            if kind not in found:
                found[kind] = shown
                print(f"seed {number}: {shown[:_SHOWN]}\n", flush=True)

    check()


def _resident_megabytes(pid: str) -> float:
    return resident_bytes(int(pid)) / (1 << 20)


if __name__ == "__main__":
    main()
