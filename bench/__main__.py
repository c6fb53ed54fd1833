"""`python -m bench`: run all benchmarks, one after the other, and write bench/RESULTS.md."""

import argparse
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.support.machine import describe_machine, processor_ticks, wait_for_quiet
from bench.support.report import Run, render
from tests.support.processes import ROOT, python

_BENCHES: Final = (
    "cold_start",
    "first_answer",
    "project_start",
    "warm_echo",
    "relay",
    "many_functions",
    "oneshot",
    "reload",
    "stuck_worker",
    "churn",
    "pipeline",
    "data_api",
    "storage",
    "scaling",
    "talk_tracks",
    "dialling",
    "webhook",
    "realtime",
    "recording",
    "prompts",
    "chat",
    "console",
    "deployed",
)
# Names that run another benchmark with arguments.
_VARIANTS: Final = {"deployed": ("cold_start", "--deployed")}
_RESULTS: Final = ROOT / "bench/RESULTS.md"


def run(name: str, arguments: list[str], patience: float) -> Run:
    """Run one benchmark and print its output as it comes."""
    name, *given = _VARIANTS.get(name, (name,))
    arguments = [*given, *arguments]
    shown = " ".join(["python -m", f"bench.{name}", *arguments])
    print(f"\n$ {shown}", flush=True)
    wait_for_quiet(patience)
    ticks, began = processor_ticks(), time.monotonic()
    output = _run_shown(python("-u", "-m", f"bench.{name}", *arguments))
    seconds = time.monotonic() - began
    return Run(shown, output, seconds, stolen=processor_ticks().stolen_since(ticks))


def _run_shown(command: list[str]) -> str:
    lines: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        status = process.wait()
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return "".join(lines)


def main() -> None:
    """Run all benchmarks, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_BENCHES))
    parser.add_argument("--full", action="store_true", help="the churn in full: some ten minutes")
    parser.add_argument("--output", type=Path, help="of named ones too; all go to RESULTS.md")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds to wait for a quiet machine, before each"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(_BENCHES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    began = datetime.now(UTC)
    runs = [
        run(name, ["--full"] if name == "churn" and options.full else [], options.patience)
        for name in options.names or _BENCHES
    ]
    output = options.output or (None if options.names else _RESULTS)
    if output:
        output.write_text(render(runs, describe_machine(), began))
        print(f"\nwritten: {output}", file=sys.stderr)


if __name__ == "__main__":
    main()
