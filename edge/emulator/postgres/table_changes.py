"""Statements that alter one table into another: columns, checks, and what is set of the table."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from edge.emulator.postgres.schema_dump import Object
from edge.emulator.postgres.table_text import IDENTIFIER, Column, Table

_GENERATED: Final = "GENERATED ALWAYS AS"
_NOT_NULL: Final = "NOT NULL"
_DEFAULTS: Final = (
    (re.compile(r"(ALTER TABLE (?:ONLY )?.+) REPLICA IDENTITY .+"), r"\1 REPLICA IDENTITY DEFAULT"),
    (re.compile(r"(ALTER TABLE (?:ONLY )?.+) FORCE ROW (.+)"), r"\1 NO FORCE ROW \2"),
)

Step = tuple[tuple[tuple[str, ...], ...], str]


def alter_table(before: Object, after: Object) -> Iterator[Step]:
    """Yield ways to change something, and a note on what that may cost."""
    old, new = before.table, after.table
    if old and new:
        yield from _alter_columns(old, new)
        for name, text in old.constraints.items():
            if new.constraints.get(name) != text:
                yield ((f"ALTER TABLE {new.name} DROP CONSTRAINT {name}",),), ""
        for name, text in new.constraints.items():
            if old.constraints.get(name) != text:
                yield ((f"ALTER TABLE {new.name} ADD {text}",),), ""
    for text in before.statements[1:]:
        undone = next((p.sub(by, text) for p, by in _DEFAULTS if p.fullmatch(text)), None)
        if text not in after.statements and undone:
            yield ((undone,),), ""
    if added := tuple(text for text in after.statements[1:] if text not in before.statements):
        yield (added,), ""


def _alter_columns(old: Table, new: Table) -> Iterator[Step]:
    alter = f"ALTER TABLE {new.name}"
    dropped = [name for name in old.columns if name not in new.columns]
    added = [name for name in new.columns if name not in old.columns]
    for name in added:
        column = new.columns[name]
        has_value = {"DEFAULT", _GENERATED} & column.clauses.keys()
        is_risky = _NOT_NULL in column.clauses and not has_value
        note = "Fails where the table has rows, until it has a default." if is_risky else ""
        yield ((f"{alter} ADD COLUMN {column.text}",),), note
    for name in dropped:
        like = (
            n for n in added if _type(new.columns[n].clauses) == _type(old.columns[name].clauses)
        )
        renamed = next(like, None)
        hint = f"If it is now {renamed}, use RENAME COLUMN instead, which keeps them."
        note = f"Drops the values of {name}." + (f" {hint}" if renamed else "")
        yield ((f"{alter} DROP COLUMN {name}",),), note
    for name in new.columns:
        if name in old.columns and old.columns[name] != new.columns[name]:
            change = _alter_column(new.name, name, old.columns[name], new.columns[name])
            by_text = tuple(
                re.sub(rf" USING ({IDENTIFIER})::", r" USING \1::text::", s) for s in change
            )
            yield (change, by_text) if by_text != change else (change,), ""


def _alter_column(table: str, name: str, old: Column, new: Column) -> tuple[str, ...]:
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    if _GENERATED in new.clauses and _GENERATED not in old.clauses:
        again = f"ALTER TABLE {table} ADD COLUMN {new.text}"
        return (f"ALTER TABLE {table} DROP COLUMN {name}", again)
    made: list[str] = []
    if _GENERATED in old.clauses and _GENERATED not in new.clauses:
        made.append(f"{alter} DROP EXPRESSION")
    default, was = new.clauses.get("DEFAULT"), old.clauses.get("DEFAULT")
    has_new_type = _type(old.clauses) != _type(new.clauses)
    if was is not None and (default is None or has_new_type):
        made.append(f"{alter} DROP DEFAULT")
    if has_new_type:
        using = "" if _GENERATED in new.clauses else f" USING {name}::{new.clauses['']}"
        made.append(f"{alter} TYPE {_type(new.clauses)}{using}")
    if default is not None and (default != was or has_new_type):
        made.append(f"{alter} SET DEFAULT {default}")
    if (_NOT_NULL in new.clauses) != (_NOT_NULL in old.clauses):
        made.append(f"{alter} {'SET' if _NOT_NULL in new.clauses else 'DROP'} NOT NULL")
    expression = new.clauses.get(_GENERATED)
    if expression is not None and expression != old.clauses[_GENERATED]:
        made.append(f"{alter} SET EXPRESSION AS {re.sub(r' (STORED|VIRTUAL)$', '', expression)}")
    return tuple(made)


def _type(clauses: Mapping[str, str]) -> str:
    collation = clauses.get("COLLATE")
    return clauses[""] + (f" COLLATE {collation}" if collation else "")
