"""The text of `create table` as pg_dump writes it with quoted identifiers: columns, constraints."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

IDENTIFIER: Final = r'"(?:[^"]|"")+"'
QUALIFIED: Final = rf"{IDENTIFIER}(?:\.{IDENTIFIER})?"

_CREATE: Final = re.compile(rf"CREATE (?P<how>UNLOGGED )?TABLE (?P<name>{QUALIFIED}) \(")
_COLUMN: Final = re.compile(rf"(?P<name>{IDENTIFIER}) (?P<rest>.+)", re.DOTALL)
_CONSTRAINT: Final = re.compile(rf"CONSTRAINT (?P<name>{IDENTIFIER}) ")
_NAMED_NOT_NULL: Final = re.compile(rf" CONSTRAINT {IDENTIFIER} NOT NULL")
_CLAUSE: Final = re.compile(r" (COLLATE|DEFAULT|NOT NULL|GENERATED ALWAYS AS)(?= |$)")
_PART: Final = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|.""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `clauses` are its type (""), DEFAULT, COLLATE, NOT NULL and GENERATED."""

    text: str
    clauses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table's qualified name, what it has by quoted name, and what follows the parentheses."""

    name: str
    how: str
    columns: Mapping[str, Column]
    constraints: Mapping[str, str]
    tail: str

    def is_like(self, other: "Table") -> bool:
        """Whether both are the same but for the order of columns."""
        return (self.how, dict(self.columns), dict(self.constraints), self.tail) == (
            other.how,
            dict(other.columns),
            dict(other.constraints),
            other.tail,
        )


def parse_table(text: str) -> Table | None:
    """Return the table, None if its columns are not listed."""
    begin = _CREATE.match(text)
    if begin is None:
        return None
    mask = _mask(text)
    end = mask.find(")", begin.end())
    columns: dict[str, Column] = {}
    constraints: dict[str, str] = {}
    for item in _items(text[begin.end() : end]):
        if constraint := _CONSTRAINT.match(item):
            constraints[constraint["name"]] = item
        elif column := _COLUMN.match(item):
            rest = _NAMED_NOT_NULL.sub(" NOT NULL", column["rest"])
            columns[column["name"]] = Column(f"{column['name']} {rest}", _clauses(rest))
    return Table(begin["name"], begin["how"] or "", columns, constraints, text[end + 1 :].strip())


def _clauses(rest: str) -> dict[str, str]:
    marks = list(_CLAUSE.finditer(_mask(rest)))
    starts = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(rest)]
    names = ["", *(mark[1] for mark in marks)]
    return {
        name: rest[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)
    }


def list_items(text: str) -> Iterator[str]:
    """Yield what commas separate in the parentheses that the text begins with."""
    return _items(text[1 : _mask(text).find(")")])


def _items(text: str) -> Iterator[str]:
    """Split at the commas outside of quotes and parentheses."""
    start = 0
    mask = _mask(text)
    for end in [*(match.start() for match in re.finditer(",", mask)), len(text)]:
        if item := text[start:end].strip():
            yield item
        start = end + 1


def _mask(text: str) -> str:
    """Blank what is quoted or in parentheses, but for the outermost closing one."""
    made: list[str] = []
    depth = 0
    for match in _PART.finditer(text):
        part = match[0]
        depth -= part == ")"
        made.append(part if depth == 0 and len(part) == 1 else "." * len(part))
        depth += part == "("
    return "".join(made)
