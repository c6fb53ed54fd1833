"""What a relay costs: an echo through `index.ts` under Deno, against the function's own URL.

Both end at the same gateway and worker; the relay is one more process and one more connection on
the same cores. The two take turns in short rounds.
"""

import argparse
import json
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench.support.machine import print_machine
from bench.support.statistics import print_at_most
from bench.warm_echo import Contender, compare
from tests.support.cli_process import edge
from tests.support.processes import ROOT, free_port, python, running, wait_answer
from tests.support.relays import relay_host

_BODY = json.dumps({"name": "Ada", "numbers": [1, 2, 3]}, separators=(",", ":"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1)
    options = parser.parse_args()
    print_machine()
    path, port = "/functions/v1/echo", free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(python("-m", "bench.support.serve", str(port))),
    ):
        url = f"http://127.0.0.1:{port}"
        root = Path(folder)
        (root / "functions").symlink_to(ROOT / "bench/functions")
        written = edge(root, "relay", "write", "echo", "--url", f"{url}/functions/v1")
        assert written.returncode == 0, written.stderr
        with relay_host(root / "supabase/functions", url) as relayed:
            direct = Contender("direct", port, path)
            through = Contender("through the relay", urlsplit(relayed).port or 0, path)
            for contender in (direct, through):
                answer = wait_answer(contender.port, path, _BODY.encode())
                assert json.loads(answer) == json.loads(_BODY), answer
            one, many = (
                compare((through, direct), n, rounds=options.rounds, seconds=options.seconds)
                for n in (1, 32)
            )
    print(f"requests a second of those without: {one.share:.0%} at 1, {many.share:.0%} at 32")
    print_at_most("what a relay adds to an echo, p50", one.ours.p50 - one.peer.p50, 1.5, "ms")
    print_at_most("what a relay adds to an echo, p99", one.ours.p99 - one.peer.p99, 8, "ms")


if __name__ == "__main__":
    main()
