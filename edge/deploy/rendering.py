"""Renders a plan as text: the exact commands, their standard input, and why they run."""

import shlex
from collections.abc import Iterator
from typing import Final

from edge.deploy.plan import Change, Plan
from edge.deploy.steps import SECRET, Run, Step, Write

_VERDICTS: Final = {
    "create": "would be created",
    "update": "would be updated",
    "unchanged": "unchanged, would be skipped",
    "unknown": "state unknown, would be deployed",
    "remove": "would be removed: no longer a function of this project",
}
_LISTED_FILES: Final = 40


def render_plan(plan: Plan) -> str:
    """Render what `--plan` prints; lines that are not commands are shell comments."""
    lines = [line for change in plan.changes for line in _render_change(change)]
    return "\n".join([*lines, *(f"# note: {note}" for note in plan.notes)])


def _render_change(change: Change) -> Iterator[str]:
    yield f"# {change.slug} (service {change.service}): {_VERDICTS[change.verdict]}"
    for step in change.steps:
        yield from render_step(step)
    yield ""


def render_step(step: Step) -> Iterator[str]:
    """Render one step: why, then the command or the files."""
    yield f"# {step.why}"
    yield from _render_run(step) if isinstance(step, Run) else _render_write(step)


def _render_write(step: Write) -> Iterator[str]:
    size = sum(map(len, step.files.values()))
    yield f"# writes {len(step.files)} files, {size:,} bytes, to {step.folder}/"
    names = list(step.files)
    yield from (f"#   {name}" for name in names[:_LISTED_FILES])
    if len(names) > _LISTED_FILES:
        yield f"#   … and {len(names) - _LISTED_FILES} more"
    for name in step.shown:
        yield f"# {name}:"
        yield from (f"#   {line}" for line in step.files[name].decode().splitlines())


def _render_run(step: Run) -> Iterator[str]:
    command = shlex.join(step.argv)
    if not step.stdin:
        yield command
        return
    if step.secret:
        yield f"# {SECRET} stands for what this prints: {shlex.join(step.secret)}"
    yield f"{command} <<'EOF'"
    yield step.stdin.rstrip("\n")
    yield "EOF"
