"""What the files of a project create, by name: to tell why something is not there."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from edge.emulator.postgres.script import Script
from edge.emulator.postgres.table_text import list_items

_IDENTIFIER: Final = r'(?:"[^"]+"|[\w$]+)'
_CREATED: Final = re.compile(
    rf"""\b(?:create\s+(?:or\s+replace\s+)?
        (?:(?:temp|temporary|unlogged|recursive|materialized|foreign|unique|constraint|event)\s+)*
        (?:table|view|function|procedure|type|domain|schema|extension|index|sequence|trigger|policy
          |role|user|publication|server|aggregate)\s+
        (?:concurrently\s+)?(?:if\s+not\s+exists\s+)?
      |rename\s+to\s+)
      (?:{_IDENTIFIER}\s*\.\s*)?(?P<name>{_IDENTIFIER})""",
    re.IGNORECASE | re.VERBOSE,
)
_COLUMN: Final = re.compile(
    rf"""\balter\s+(?:foreign\s+)?table\s+(?:if\s+exists\s+)?(?:only\s+)?
        (?:{_IDENTIFIER}\s*\.\s*)?(?P<table>{_IDENTIFIER})
      |\badd\s+column\s+(?:if\s+not\s+exists\s+)?(?P<column>{_IDENTIFIER})
      |\brename\s+(?:column\s+)?{_IDENTIFIER}\s+to\s+(?P<renamed>{_IDENTIFIER})""",
    re.IGNORECASE | re.VERBOSE,
)
_TABLE: Final = re.compile(
    rf"""\bcreate\s+(?:(?:temp|temporary|unlogged|foreign)\s+)*table\s+(?P<lenient>if\s+not\s+exists\s+)?
        (?:{_IDENTIFIER}\s*\.\s*)?(?P<table>{_IDENTIFIER})\s*\(""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_TABLE: Final = 20_000
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LISTED: Final = re.compile(
    rf"(?!(?:constraint|primary|unique|foreign|check|exclude|like)\b)(?P<column>{_IDENTIFIER})\s",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file creates something."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class CreatedNames:
    """The first place of each name, and of each column that is added to a table."""

    places: dict[str, Place] = field(default_factory=dict[str, Place])
    columns: dict[str, list[tuple[str, Place]]] = field(
        default_factory=dict[str, list[tuple[str, Place]]]
    )

    def column(self, name: str, statement: str) -> Place | None:
        """Return where the column is added to a table that the statement names."""
        for table, place in self.columns.get(name, ()):
            if re.search(rf"\b{re.escape(table)}\b", statement, re.IGNORECASE):
                return place
        return None


def read_created(scripts: Iterable[Script]) -> CreatedNames:
    """Read the files in the order in which they are applied."""
    found = CreatedNames()
    for script in scripts:
        lines = [match.start() for match in re.finditer("\n", script.text)]
        for match in _CREATED.finditer(script.text):
            place = Place(script.path.name, bisect_left(lines, match.start()) + 1)
            found.places.setdefault(bare_name(match["name"]), place)
        for table, column, start in _added_columns(script.text):
            place = Place(script.path.name, bisect_left(lines, start) + 1)
            found.columns.setdefault(column, []).append((table, place))
    return found


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """A column of a `create table`, which does nothing if it `may_find` the table there."""

    table: str
    place: Place
    may_find: bool


def find_listed(scripts: Iterable[Script], column: str, naming: str) -> Iterator[ListedColumn]:
    """Find the column in what creates the tables that are named."""
    for script in scripts:
        for found in _TABLE.finditer(script.text):
            table = bare_name(found["table"])
            if re.search(rf"\b{re.escape(table)}\b", naming, re.IGNORECASE):
                start = found.end() - 1
                body = _COMMENT.sub(" ", script.text[start : start + _LONGEST_TABLE])
                listed = map(_LISTED.match, list_items(body))
                if column in {bare_name(each["column"]) for each in listed if each}:
                    line = script.text.count("\n", 0, found.start()) + 1
                    place = Place(script.path.name, line)
                    yield ListedColumn(table, place, may_find=bool(found["lenient"]))


def names_created(text: str) -> set[str]:
    """Return the names that a statement creates, those of columns among them."""
    names = {bare_name(match["name"]) for match in _CREATED.finditer(text)}
    return names | {column for _, column, _ in _added_columns(text)}


def bare_name(name: str) -> str:
    """Return the name without its schema and quotes."""
    last = name.rpartition(".")[2]
    return last.strip('"') if last.startswith('"') else last.strip('"').lower()


def _added_columns(text: str) -> Iterator[tuple[str, str, int]]:
    table = ""
    for match in _COLUMN.finditer(text):
        if match["table"]:
            table = bare_name(match["table"])
        elif column := match["column"] or match["renamed"]:
            yield table, bare_name(column), match.start()
