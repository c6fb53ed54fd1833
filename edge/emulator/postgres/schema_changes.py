"""Statements that turn one schema into another, object by object, each in several ways to try.

Nothing here knows what depends on what: the caller tries, and compares again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge.emulator.postgres.schema_dump import Object, Schema
from edge.emulator.postgres.table_changes import alter_table
from edge.emulator.postgres.table_text import IDENTIFIER, QUALIFIED

_LATE: Final = frozenset(("ACL", "DEFAULT ACL", "COMMENT"))
"""Kinds that come and go with their objects, and are compared once these are there."""
_OF_TABLE: Final = frozenset(
    (
        *("CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT", "INDEX", "TRIGGER", "POLICY", "RULE"),
        *("ROW SECURITY", "SEQUENCE OWNED BY", "PUBLICATION TABLE", "STATISTICS", "SEQUENCE"),
    )
)
_TABLE: Final = re.compile(
    rf"(?: (?:ON|TO|FROM)| TABLE| BY)(?: ONLY)? (?P<table>{IDENTIFIER}\.{IDENTIFIER})"
)
_REPLACEABLE: Final = frozenset(("VIEW", "FUNCTION", "PROCEDURE"))
_REBUILT: Final = frozenset((*_REPLACEABLE, "MATERIALIZED VIEW", "AGGREGATE"))
"""Kinds without data: what depends on them goes with them, and is made again."""
_NAMED: Final = frozenset(("FUNCTION", "PROCEDURE", "AGGREGATE", "CAST"))
_OF_COLUMNS: Final = frozenset(("TYPE", "DOMAIN"))
_WITHOUT_DATA: Final = frozenset(
    (
        *_REBUILT,
        *("CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT", "INDEX", "TRIGGER", "POLICY", "RULE"),
    )
)
_CREATE: Final = re.compile(
    rf"CREATE (?:UNLOGGED )?(?P<kind>[A-Z ]+?) (?:IF NOT EXISTS )?(?P<name>{QUALIFIED})"
)
_INDEX: Final = re.compile(rf"CREATE (?:UNIQUE )?INDEX (?P<name>{IDENTIFIER}) ")
_ON_TABLE: Final = re.compile(
    rf"CREATE (?:CONSTRAINT )?(?P<kind>TRIGGER|POLICY|RULE) (?P<name>{IDENTIFIER})"
    rf".*? (?:ON|TO) (?P<table>{IDENTIFIER}\.{IDENTIFIER})",
    re.DOTALL,
)
_ALTER: Final = re.compile(
    rf"(?P<alter>ALTER (?:TABLE|SEQUENCE|PUBLICATION))(?: ONLY)? (?P<name>{QUALIFIED})\s+"
    r"(?P<rest>.+)",
    re.DOTALL,
)
_UNDO: Final = (
    (re.compile(rf"ADD (CONSTRAINT {IDENTIFIER}) .*", re.DOTALL), r"DROP \1"),
    (
        re.compile(rf"(ALTER COLUMN {IDENTIFIER}) SET DEFAULT .*", re.DOTALL),
        r"\1 DROP DEFAULT",
    ),
    (
        re.compile(rf"(ALTER COLUMN {IDENTIFIER}) ADD GENERATED .*", re.DOTALL),
        r"\1 DROP IDENTITY",
    ),
    (re.compile(r"ENABLE ROW LEVEL SECURITY"), "DISABLE ROW LEVEL SECURITY"),
    (re.compile(r"OWNED BY .*", re.DOTALL), "OWNED BY NONE"),
    (re.compile(rf"ADD TABLE ONLY ({QUALIFIED}).*", re.DOTALL), r"DROP TABLE \1"),
    (re.compile(rf"ATTACH PARTITION ({QUALIFIED}).*", re.DOTALL), r"DETACH PARTITION \1"),
)
_COMMENT: Final = re.compile(r"(COMMENT ON .+?) IS E?'.*", re.DOTALL)
_GRANT: Final = re.compile(
    r"(?P<default>ALTER DEFAULT PRIVILEGES .+? )?(?P<verb>GRANT|REVOKE) (?P<what>.+) (?:TO|FROM) "
    r"(?P<whom>\S+?)(?: WITH GRANT OPTION)?",
    re.DOTALL,
)
_ENUM: Final = re.compile(
    rf"CREATE TYPE (?P<name>{QUALIFIED}) AS ENUM \((?P<values>.*)\)", re.DOTALL
)
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")


def _signature(each: Object) -> str:
    """Return how DROP names a routine or a cast, by its header in the dump."""
    if each.kind == "CAST":
        return each.name
    name, _, arguments = each.name.partition("(")
    return f"{each.kind} {_quote(each.schema)}.{_quote(name)}({arguments}"


def _quote(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed, in ways to be tried in turn; `note` warns of what it may cost."""

    label: str
    ways: tuple[tuple[str, ...], ...]
    note: str = ""
    clearing: str = ""
    """What drops the old one, if it holds no data: it may be in the way of others."""


def plan_changes(source: Schema, target: Schema) -> Iterator[Change]:
    """Yield what makes the objects of `target` from those of `source`, without rights, comments."""
    gone = {
        table.name
        for key, each in source.items()
        if key not in target and (table := each.table) is not None
    }
    for each in reversed(list(source.values())):
        if each.key not in target and each.kind not in _LATE and _table_of(each) not in gone:
            yield _drop(each)
    for each in target.values():
        if each.kind in _LATE:
            continue
        before = source.get(each.key)
        if before is None:
            yield Change(each.label, (_create(each),))
        elif not before.equals(each):
            yield from _change(before, each, source)


def plan_rights(source: Schema, target: Schema) -> Iterator[Change]:
    """Yield what makes the comments and grants of `target`."""
    for key in dict.fromkeys((*source, *target)):
        if key[0] not in _LATE:
            continue
        before, after = source.get(key), target.get(key)
        old, new = (each.statements if each else () for each in (before, after))
        undone = [_undo_right(text) for text in old if text not in new]
        if key[0] == "COMMENT" and new:
            undone = []
        statements = (*filter(None, undone), *(text for text in new if text not in old))
        if statements:
            yield Change((after or source[key]).label, (statements,))


def _table_of(each: Object) -> str | None:
    found = _TABLE.search(each.statements[0]) if each.kind in _OF_TABLE else None
    return found["table"] if found else None


def _create(each: Object) -> tuple[str, ...]:
    if each.kind == "MATERIALIZED VIEW":
        return tuple(re.sub(r"\s+WITH NO DATA$", "", text) for text in each.statements)
    return each.statements


def _drop(each: Object) -> Change:
    statement = _drop_statement(each)
    note = "Drops a table with its rows." if each.kind == "TABLE" else ""
    return Change(each.label, ((statement,),) if statement else (), note)


def _drop_statement(each: Object) -> str | None:
    text = each.statements[0]
    if each.kind in _NAMED:
        return f"DROP {_signature(each)}"
    if found := _INDEX.match(text):
        return f"DROP INDEX {_quote(each.schema)}.{found['name']}"
    if found := _ON_TABLE.match(text):
        return f"DROP {found['kind']} {found['name']} ON {found['table']}"
    if found := _ALTER.fullmatch(text):
        for pattern, undo in _UNDO:
            if (rest := pattern.fullmatch(found["rest"])) is not None:
                return f"{found['alter']} {found['name']} {rest.expand(undo)}"
        return None
    found = _CREATE.match(text)
    return f"DROP {each.kind} {found['name']}" if found and found["kind"] == each.kind else None


def _change(before: Object, after: Object, source: Schema) -> Iterator[Change]:
    if after.kind == "TABLE":
        for ways, note in alter_table(before, after):
            yield Change(after.label, ways, note)
        return
    ways = tuple(_ways_to_change(before, after))
    if after.kind in _OF_COLUMNS and len(ways) == 1:
        freed = tuple(_free_columns(before, source))
        note = f"Fails where rows have values that the new {after.kind.lower()} has not."
        yield Change(after.label, (*ways, (*freed, *ways[0])), note if freed else "")
        return
    clearing = _drop_statement(before) if after.kind in _WITHOUT_DATA else None
    yield Change(after.label, ways, clearing=clearing or "")


def _free_columns(each: Object, source: Schema) -> Iterator[str]:
    """Yield what makes text of the columns of a type, so that it can be made anew."""
    found = _CREATE.match(each.statements[0])
    for table in filter(None, (one.table for one in source.values())) if found else ():
        for name, column in table.columns.items():
            kind, brackets = column.clauses[""].removesuffix("[]"), column.clauses[""][-2:]
            if found and kind == found["name"]:
                alter = f"ALTER TABLE {table.name} ALTER COLUMN {name}"
                text = '"text"[]' if brackets == "[]" else '"text"'
                if "DEFAULT" in column.clauses:
                    yield f"{alter} DROP DEFAULT"
                yield f"{alter} TYPE {text} USING {name}::{text}"


def _ways_to_change(before: Object, after: Object) -> Iterator[tuple[str, ...]]:
    first, *others = _create(after)
    kind = after.kind
    if kind == "TYPE" and (added := _add_values(before.statements[0], first)):
        yield added
        return
    if kind in _REPLACEABLE:
        yield (first.replace(f"CREATE {kind}", f"CREATE OR REPLACE {kind}", 1), *others)
    if kind == "DEFAULT":
        yield (first, *others)
        return
    if kind == "SEQUENCE" and first.startswith("CREATE SEQUENCE"):
        yield (first.replace("CREATE", "ALTER", 1), *others)
        return
    drop = _drop_statement(before)
    if drop is None:
        return
    yield (drop, first, *others)
    if kind in _REBUILT or kind == "CONSTRAINT":
        yield (f"{drop} CASCADE", first, *others)


def _add_values(before: str, after: str) -> tuple[str, ...] | None:
    """Return how an enum gets values or another name of one, None if it loses some."""
    old, new = _ENUM.fullmatch(before), _ENUM.fullmatch(after)
    if not old or not new:
        return None
    had, wanted = _LITERAL.findall(old["values"]), _LITERAL.findall(new["values"])
    if [value for value in wanted if value in had] != had:
        renamed = [pair for pair in zip(had, wanted, strict=False) if pair[0] != pair[1]]
        if len(had) != len(wanted) or len(renamed) != 1 or renamed[0][1] in had:
            return None
        return (f"ALTER TYPE {new['name']} RENAME VALUE {' TO '.join(renamed[0])}",)
    made: list[str] = []
    for position, value in enumerate(wanted):
        if value not in had:
            first = f" BEFORE {had[0]}" if had else ""
            place = f" AFTER {wanted[position - 1]}" if position else first
            made.append(f"ALTER TYPE {new['name']} ADD VALUE {value}{place}")
    return tuple(made)


def _undo_right(text: str) -> str | None:
    if comment := _COMMENT.fullmatch(text):
        return f"{comment[1]} IS NULL"
    found = _GRANT.fullmatch(text)
    if not found:
        return None
    verb, word = ("REVOKE", "FROM") if found["verb"] == "GRANT" else ("GRANT", "TO")
    return f"{found['default'] or ''}{verb} {found['what']} {word} {found['whom']}"
