"""Terminal output of a deployment: confirmation, progress, outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import typer

from edge.cli.console import confirm, print_json, remark
from edge.cli.deploy.migrating import RollingChange
from edge.cli.exit import FAILED
from edge.cli.options import Format
from edge.deploy.execute import Outcome, execute
from edge.deploy.plan import Change, Plan
from edge.deploy.rendering import render_plan, render_step

_STYLES: Final = {
    "deployed": "green",
    "removed": "green",
    "failed": "bold red",
    "not tried": "yellow",
}


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """How to execute and report a plan; `retry` is the command to continue, with {names}."""

    place: str
    jobs: int
    yes: bool
    output: Format
    retry: str


def show_plan(plan: Plan, output: Format, rolling: RollingChange | None = None) -> None:
    """Print the plan to standard output, with the migrations around it."""
    if output == "json":
        changes = [_describe(change) for change in plan.changes]
        print_json({"migrations": rolling.describe(), "functions": changes} if rolling else changes)
        return
    before, after = ([rolling.render_before()], [rolling.render_after()]) if rolling else ([], [])
    typer.echo("\n".join([*before, render_plan(plan), *after]))


def _describe(change: Change) -> dict[str, object]:
    return {
        "function": change.slug,
        "service": change.service,
        "verdict": change.verdict,
        "steps": ["\n".join(render_step(step)) for step in change.steps],
    }


def execute_plan(plan: Plan, options: ExecutionOptions) -> None:
    """Execute the plan and report. Raises typer.Exit(1) if a step failed."""
    remark(f"Deploying to {options.place}.", "bold")
    for note in plan.notes:
        remark(f"note: {note}", "yellow")
    if plan.removals:
        names = ", ".join(change.service for change in plan.removals)
        confirm(f"Remove services whose function no longer exists: {names}?", yes=options.yes)
    outcomes = execute(
        plan.changes, options.jobs, lambda change, why: remark(f"▸ {change.slug}: {why}")
    )
    _report(outcomes, options.output)
    left = [o.change for o in outcomes if o.result in {"failed", "not tried"}]
    if left:
        remark(f"Fix that, then continue: {options.retry.format(names=_arguments(left))}", "bold")
        raise typer.Exit(FAILED)


def _arguments(left: Sequence[Change]) -> str:
    names = [change.slug for change in left if change.verdict != "remove" and change.is_function]
    is_pruning = any(change.verdict == "remove" for change in left)
    return " ".join([*names, *(["--prune"] if is_pruning else [])]) or "--all"


def _report(outcomes: Sequence[Outcome], output: Format) -> None:
    if output == "json":
        print_json([_describe_outcome(outcome) for outcome in outcomes])
        return
    for outcome in outcomes:
        why = " (unchanged)" if outcome.result == "skipped" else ""
        line = f"{outcome.result:<10} {outcome.change.slug}{why}"
        remark(line, _STYLES.get(outcome.result, ""))
        if outcome.message:
            remark(outcome.message)


def _describe_outcome(outcome: Outcome) -> dict[str, str]:
    message = {"message": outcome.message} if outcome.message else {}
    change = outcome.change
    return {
        "function": change.slug,
        "service": change.service,
        "result": outcome.result,
    } | message
