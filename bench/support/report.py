"""bench/RESULTS.md: what every benchmark printed, and which targets it met."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.support.statistics import TARGET


@dataclass(frozen=True, slots=True)
class Run:
    """A benchmark that was run: the command as a person would type it, and what it printed."""

    command: str
    output: str
    seconds: float
    stolen: float
    """The share of the processors' time that the hypervisor gave to others, in percent."""


def render(runs: Sequence[Run], machine: str, began: datetime) -> str:
    """The whole document."""
    sections = [
        "# Results",
        f"{began:%Y-%m-%d %H:%M} UTC, `python -m bench` on {machine}.",
        _NOISE,
        _render_targets(runs),
        *(_render_run(run) for run in runs),
    ]
    return "\n\n".join(sections) + "\n"


_NOISE = """\
How quiet the machine was is part of each result: a loop of fixed work is timed before each
benchmark (on a quiet machine its median and p99 are near its minimum), and *stolen* is
the share of processor time that a virtual machine's host gave to others meanwhile. Load client,
gateway, worker and peer share the same cores."""


def _render_targets(runs: Sequence[Run]) -> str:
    rows = ["| target | figure | |", "|---|---|---|"]
    for run in runs:
        for line in run.output.splitlines():
            if line.startswith(TARGET):
                verdict, _, claim = line.removeprefix(TARGET).partition("·")
                what, _, figure = claim.rpartition(": ")
                rows.append(f"| {what.strip()} | {figure.strip()} | {verdict.strip()} |")
    return "\n".join(rows)


def _render_run(run: Run) -> str:
    return (
        f"## `{run.command}`\n\n"
        f"{run.seconds:.0f} s, {run.stolen:.0f} % stolen\n\n"
        f"```text\n{run.output.strip()}\n```"
    )
