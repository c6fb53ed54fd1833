"""What a start has done to the database's schema: applied files, and the list of what failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.cli.console import remark
from edge.emulator.postgres.blockers import describe_blockers
from edge.emulator.postgres.project_schema import Outcome

_MOST_MIGRATIONS: Final = 5


def announce_schema(outcome: Outcome, root: Path) -> None:
    """Print what was applied, seeded and left."""
    for line in outcome.notes:
        remark(line, "dim")
    for line in describe_migrations([migration.path.name for migration in outcome.applied]):
        remark(line, "dim")
    for path in outcome.seeded:
        remark(f"seeded from {path.relative_to(root)}", "dim")
    for line in describe_failure(outcome, root):
        remark(line, "yellow")


def describe_failure(outcome: Outcome, root: Path) -> list[str]:
    """Return the list of everything that was not applied, by cause; empty if all was."""
    if not outcome.blockers:
        return []
    lines: list[str] = []
    if outcome.left:
        known = len(outcome.applied) + len(outcome.left)
        lines.append(
            f"✗ {len(outcome.left)} of {known} new migrations are not applied,"
            f" from {outcome.left[0].path.name} on. What the database does not take of them:"
        )
    elif outcome.left_out:
        lines.append(f"✗ {outcome.left_out} statements were left out:")
    else:
        names = sorted({blocker.path.name for blocker in outcome.blockers})
        lines.append(f"✗ Not applied, {', '.join(names)}:")
    lines += describe_blockers(outcome.blockers, root)
    if outcome.left:
        lines.append(
            "  Everything else is served. `edge start --keep-going` applies all other statements;"
        )
        lines.append("  `edge db migrate` tries again, `edge db migrate --check` prints the list.")
    return lines


def describe_migrations(names: Sequence[str]) -> list[str]:
    """A line for each applied migration; one for all when there are many, as at the first start."""
    if len(names) > _MOST_MIGRATIONS:
        return [f"applied {len(names)} migrations, {names[0]} to {names[-1]}"]
    return [f"applied {name}" for name in names]
