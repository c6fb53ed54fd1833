"""Executes a plan: several functions at once, the steps of each in order, until one fails."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, Literal

from edge.deploy.atomic_folder import replace_folder
from edge.deploy.plan import Change
from edge.deploy.programs import call
from edge.deploy.steps import SECRET, Run, Step
from edge.errors import DeployError

Result = Literal["deployed", "removed", "skipped", "failed", "not tried"]
Report = Callable[[Change, str], None]
_SIGNAL_SECONDS: Final = 0.2
"""Ctrl-C is delivered between waits: the longest that one may take."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one change; `message` is the error if it failed."""

    change: Change
    result: Result
    message: str = ""


def execute(changes: Sequence[Change], jobs: int, report: Report) -> list[Outcome]:
    """Execute all changes; after a failure or Ctrl-C running ones finish and no other starts."""
    is_begun, is_over = threading.Event(), threading.Event()

    def carry_out(change: Change) -> Outcome:
        is_begun.wait()
        if not change.steps:
            return Outcome(change, "skipped")
        if is_over.is_set():
            return Outcome(change, "not tried")
        try:
            for step in change.steps:
                report(change, step.why)
                perform(step)
        except (DeployError, OSError) as exc:
            is_over.set()
            return Outcome(change, "failed", str(exc))
        return Outcome(change, "removed" if change.verdict == "remove" else "deployed")

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures: list[Future[Outcome]] = []
        try:
            for change in changes:
                futures.append(pool.submit(carry_out, change))
            is_begun.set()
            while wait(futures, _SIGNAL_SECONDS).not_done:
                pass
        except KeyboardInterrupt:
            is_over.set()
        is_begun.set()
        outcomes = [future.result() for future in futures]
    return outcomes + [Outcome(change, "not tried") for change in changes[len(outcomes) :]]


def perform(step: Step) -> str:
    """Execute one step; returns the output of its program."""
    if not isinstance(step, Run):
        replace_folder(step.folder, step.files)
        return ""
    stdin = step.stdin
    if step.secret:
        stdin = stdin.replace(SECRET, call(step.secret).strip())
    return call(step.argv, stdin)
