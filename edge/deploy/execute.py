"""Carries a plan out: so many functions at once, each one's steps in order, until one fails."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, Literal

from edge.deploy.atomic_folder import replace_folder
from edge.deploy.errors import DeployError
from edge.deploy.plan import Change
from edge.deploy.programs import call
from edge.deploy.steps import SECRET, Run, Step

Result = Literal["deployed", "removed", "skipped", "failed", "not tried"]
Tell = Callable[[Change, str], None]
_HEARING_SECONDS: Final = 0.2
"""A signal that comes just before a thread begins to wait is heard when it ends to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one change went; `message` is why it failed."""

    change: Change
    result: Result
    message: str = ""


def execute(changes: Sequence[Change], jobs: int, tell: Tell) -> list[Outcome]:
    """Do all of it; after a failure or Ctrl-C what runs is finished and nothing new is begun."""
    is_begun, is_over = threading.Event(), threading.Event()

    def carry_out(change: Change) -> Outcome:
        is_begun.wait()
        if not change.steps:
            return Outcome(change, "skipped")
        if is_over.is_set():
            return Outcome(change, "not tried")
        try:
            for step in change.steps:
                tell(change, step.why)
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
            while wait(futures, _HEARING_SECONDS).not_done:
                pass
        except KeyboardInterrupt:
            is_over.set()
        is_begun.set()
        outcomes = [future.result() for future in futures]
    return outcomes + [Outcome(change, "not tried") for change in changes[len(outcomes) :]]


def perform(step: Step) -> str:
    """Do one step; what its program printed."""
    if not isinstance(step, Run):
        replace_folder(step.folder, step.files)
        return ""
    stdin = step.stdin
    if step.secret:
        stdin = stdin.replace(SECRET, call(step.secret).strip())
    return call(step.argv, stdin)
