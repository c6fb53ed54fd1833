"""The SQL that makes one database's schema from another's, found by trying it.

Changes are applied to a scratch database, which is dumped and compared again, until nothing is left
or nothing gets further. So only statements that work are written, in an order that works, and what
could not be made is listed with its definition.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import psycopg

from edge.emulator.postgres.privileged import needs_privilege, run_privileged
from edge.emulator.postgres.schema_changes import Change, plan_changes, plan_rights
from edge.emulator.postgres.schema_dump import Object, Schema, dump_schema

_MOST_PASSES: Final = 8
_MOST_BLOCKING: Final = 20
_SETTINGS: Final = (
    "select pg_catalog.set_config('search_path', '', false)",
    "set check_function_bodies = false",
)
_VIEW: Final = re.compile(r"^(?:rule \S+ on )?(materialized view|view) (\S+) depends on", re.M)
_OF_TABLE: Final = re.compile(r"^(policy|trigger) (.+) on table (\S+) depends on", re.M)
_WITH_COLUMNS: Final = ("table ", "type ", "domain ")
_INTRODUCTION: Final = (
    "What {place} has and the migrations do not make (edge db diff).",
    "Rows are not compared, and a renamed object reads as dropped and created.",
)
_HERE: Final = "the local database"


@dataclass(slots=True)
class Difference:
    """Statements in the order in which they were applied, and what they do not achieve."""

    statements: list[str] = field(default_factory=list[str])
    unresolved: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    """Sentences about what does not count as a difference."""
    place: str = _HERE

    @property
    def is_empty(self) -> bool:
        return not self.statements and not self.unresolved

    def as_sql(self) -> str:
        """Return a migration's text; what is not expressed is in its comments."""
        blocks = ["\n".join(f"-- {line.format(place=self.place)}" for line in _INTRODUCTION)]
        if any(re.search(r"CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)", s) for s in self.statements):
            blocks.append("SET check_function_bodies = false;")
        blocks += [*self.statements, *self.unresolved, *map(_comment, self.notes)]
        return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True, slots=True)
class Target:
    """The database whose schema is wanted, named `place` in texts.

    Of `schemas`, else of all but the platform's; `excluded` ones are never read. `leaves_out` names
    objects that do not count, because they are the platform's.
    """

    dsn: str
    schemas: Collection[str] = ()
    excluded: Collection[str] = ()
    place: str = _HERE
    leaves_out: Callable[[Object], bool] = lambda _: False

    def dump(self, dsn: str) -> Schema:
        """Return what counts of this or another database."""
        found = dump_schema(dsn, self.schemas, self.excluded)
        return {key: each for key, each in found.items() if not self.leaves_out(each)}


def find_difference(scratch: str, admin: str, target: Target) -> Difference:
    """Return what makes the schema of `target` in the scratch database, which is changed so.

    `scratch` logs in as `postgres`, as migrations do; `admin` and `target` may read everything.
    """
    wanted = target.dump(target.dsn)
    difference = Difference(place=target.place)
    with psycopg.connect(scratch, autocommit=True, prepare_threshold=None) as connection:
        for setting in _SETTINGS:
            connection.execute(setting.encode())
        trying = _Trying(connection, difference)
        found = target.dump(admin)
        for plan in (plan_changes, plan_rights):
            previous: list[Change] = []
            for _ in range(_MOST_PASSES):
                changes = list(plan(found, wanted))
                is_stuck = changes == previous
                if not changes or (is_stuck and not trying.clear(changes)):
                    break
                for change in () if is_stuck else changes:
                    trying.apply(change)
                previous, found = changes, target.dump(admin)
    difference.unresolved = list(_describe_rest(found, wanted, trying.failures, target.place))
    difference.notes = list(_describe_order(found, wanted))
    return difference


@dataclass(slots=True)
class _Trying:
    connection: psycopg.Connection
    difference: Difference
    failures: dict[str, str] = field(default_factory=dict[str, str])
    _has_cleared: bool = False

    def clear(self, changes: Iterable[Change]) -> bool:
        """Drop what is to be made anew and is in the way of others; only once, False after."""
        if self._has_cleared:
            return False
        self._has_cleared = True
        for change in changes:
            if change.clearing:
                self.apply(replace(change, ways=((change.clearing,),)))
        return True

    def apply(self, change: Change) -> None:
        """Apply the first way that works, and write it down."""
        for statements in change.ways:
            made = self._try(change, statements)
            if made is not None:
                self.failures.pop(change.label, None)
                text = "\n".join(f"{statement};" for statement in made)
                note = f"-- {change.note}\n" if change.note else ""
                self.difference.statements.append(note + text)
                return

    def _try(self, change: Change, statements: tuple[str, ...]) -> list[str] | None:
        """Return what was executed, with the drops of what was in the way; None if it failed."""
        made: list[str] = []
        for _ in range(_MOST_BLOCKING):
            try:
                with self.connection.transaction():
                    for statement in (*made, *statements):
                        self._execute(statement)
            except psycopg.Error as exc:
                self.failures[change.label] = exc.diag.message_primary or str(exc)
                blocking = (
                    list(_find_blocking(exc)) if change.label.startswith(_WITH_COLUMNS) else []
                )
                new = [each for each in blocking if each not in made]
                if not new:
                    return None
                made += new
            else:
                return [*made, *statements]
        return None

    def _execute(self, statement: str) -> None:
        if not (needs_privilege(statement) and run_privileged(self.connection, statement)):
            self.connection.execute(statement.encode())


def _find_blocking(error: psycopg.Error) -> Iterable[str]:
    """Yield drops of the views, policies and triggers that keep a column from being changed."""
    detail = error.diag.message_detail or ""
    for kind, name in _VIEW.findall(detail):
        yield f"DROP {kind.upper()} {name} CASCADE"
    for kind, name, table in _OF_TABLE.findall(detail):
        quoted = name.replace('"', '""')
        yield f'DROP {kind.upper()} "{quoted}" ON {table}'


def _describe_rest(
    found: Schema, wanted: Schema, failures: dict[str, str], place: str
) -> Iterable[str]:
    """Yield comments about objects that still differ."""
    for key in dict.fromkeys((*found, *wanted)):
        before, after = found.get(key), wanted.get(key)
        one = after or before
        assert one is not None
        if before and after and before.equals(after):
            continue
        failure = failures.get(one.label)
        yield _comment(_describe(one, place, is_there=after is not None, failure=failure))


def _describe_order(found: Schema, wanted: Schema) -> Iterable[str]:
    for key, after in wanted.items():
        old, new = found[key].table if key in found else None, after.table
        if old and new and old.is_like(new) and list(old.columns) != list(new.columns):
            yield f"The order of columns of {new.name} differs, and stays so."


def _describe(one: Object, place: str, *, is_there: bool, failure: str | None) -> str:
    reason = f" ({failure})" if failure else ""
    if not is_there:
        return f"Not expressed: {place} has no {one.label}.{reason}"
    definition = "".join(f"\n{text};" for text in one.statements)
    return f"Not expressed: {one.label}{reason}, which is in {place}{definition}"


def _comment(text: str) -> str:
    return "\n".join(f"-- {line}" for line in text.splitlines())
