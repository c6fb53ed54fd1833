"""`edge deploy --with-migrations`: what adds, then the functions, then what removes."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from edge.cli.console import confirm, remark
from edge.cli.db.push import Push
from edge.cli.functions.lookup import require_functions
from edge.deploy.bundle.builder import Bundles
from edge.deploy.migrations.calls import Calls, find_calls
from edge.deploy.migrations.rolling import Bundles as CallsOfBundles
from edge.deploy.migrations.rolling import File, Order, functions_after, plan_order
from edge.deploy.plan import Change, Plan
from edge.emulator.postgres.migrations import find_migrations
from edge.emulator.postgres.script import read_script
from edge.project.config_toml import STATE_FOLDER

_RECORD: Final = "calls.json"


@dataclass(frozen=True, slots=True)
class RollingChange:
    """Pending migrations around a plan of functions; `record` is what deployed bundles call."""

    push: Push
    order: Order
    record: Path
    calls: Mapping[str, Calls]

    def describe(self) -> dict[str, Any]:
        """Return the order for JSON."""
        return {
            "before": list(self.order.before),
            "after": list(self.order.after),
            "removes": {
                name: [{"statement": each.statement, "why": each.why} for each in removals]
                for name, removals in self.order.removals.items()
            },
        }

    def render_before(self) -> str:
        lines = _render_files(f"1. migrations, at {self.push.host}", self.order.before)
        return "\n".join([*lines, "# 2. functions", ""])

    def render_after(self) -> str:
        lines = _render_files("3. migrations that remove", self.order.after)
        for name, removals in self.order.removals.items():
            lines += [f"#   {name}: {each.why}: {each.statement}" for each in removals]
        return "\n".join(lines)

    def execute(self, plan: Plan, deploy: Callable[[], None], *, yes: bool) -> None:
        """Apply, deploy, apply; what removes is not applied unless all functions are deployed."""
        if self.order.after:
            typer.echo(self.render_after(), err=True)
            names = ", ".join(self.order.after)
            confirm(f"Apply what removes, once the functions are deployed: {names}?", yes=yes)
        self._apply(self.order.before)
        try:
            deploy()
        except typer.Exit:
            if self.order.after:
                remark(f"Not applied, as functions failed: {', '.join(self.order.after)}", "yellow")
            raise
        _write_record(self.record, plan.changes, self.calls)
        self._apply(self.order.after)

    def _apply(self, names: Sequence[str]) -> None:
        if names:
            for name in self.push.apply(only=frozenset(names)):
                remark(f"applied {name}", "green")


def plan_rolling_change(bundles: Bundles, plan: Plan, url: str, place: str) -> RollingChange:
    """Compare the migrations with the database's, and with what bundles call. Raises EdgeError."""
    workdir = bundles.root
    push = Push(url, workdir)
    names = frozenset(push.plan())
    files = [_read(path) for path in _migration_paths(workdir)]
    pending = [file for file in files if file.name in names]
    applied = [file for file in files if file.name not in names]
    known = frozenset(functions_after({}, files)) | frozenset(functions_after({}, applied))
    calls = _find_all_calls(bundles, known)
    record = workdir.resolve() / STATE_FOLDER / "deploy" / place / _RECORD
    around = _calls_around(plan.changes, calls, _read_record(record))
    return RollingChange(push, plan_order(applied, pending, around), record, calls)


def _migration_paths(workdir: Path) -> list[Path]:
    return [each.path for each in find_migrations(workdir / "supabase/migrations")]


def _read(path: Path) -> File:
    return File(path.name, tuple(each.text for each in read_script(path).statements))


def _find_all_calls(bundles: Bundles, known: frozenset[str]) -> dict[str, Calls]:
    functions = [f for f in require_functions(bundles.root).values() if f.manifest.enabled]
    return {
        function.slug: find_calls(bundles.of(function.slug).files, known) for function in functions
    }


def _calls_around(
    changes: Iterable[Change], calls: Mapping[str, Calls], record: Mapping[str, tuple[str, Calls]]
) -> CallsOfBundles:
    changed = {change.slug: change for change in changes if change.verdict != "remove"}
    old: dict[str, Calls | None] = {}
    for slug, change in changed.items():
        digest, recorded = record.get(slug, ("", None))
        if change.verdict != "create":
            old[slug] = recorded if digest and digest == change.deployed else None
        if change.deployed and change.deployed == change.digest:
            old[slug] = calls.get(slug)
    staying = {
        slug: found | record.get(slug, ("", frozenset[Any]()))[1]
        for slug, found in calls.items()
        if slug not in changed
    }
    return CallsOfBundles({slug: calls[slug] for slug in changed if slug in calls}, old, staying)


def _read_record(path: Path) -> dict[str, tuple[str, Calls]]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {
            slug: (
                str(entry["digest"]),
                frozenset(
                    (str(name), None if names is None else frozenset(map(str, names)))
                    for name, names in entry["calls"]
                ),
            )
            for slug, entry in document.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_record(path: Path, changes: Iterable[Change], calls: Mapping[str, Calls]) -> None:
    record = _read_record(path)
    for change in changes:
        if change.slug in calls and change.verdict != "remove":
            record[change.slug] = (change.digest, calls[change.slug])
    document = {
        slug: {
            "digest": digest,
            "calls": sorted(
                ([name, None if names is None else sorted(names)] for name, names in found),
                key=str,
            ),
        }
        for slug, (digest, found) in sorted(record.items())
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _render_files(title: str, names: Sequence[str]) -> list[str]:
    return [f"# {title}:", *(f"#   {name}" for name in names or ["none"])]
