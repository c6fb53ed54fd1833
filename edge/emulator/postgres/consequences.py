"""Which earlier failure of a project's files a later one follows from.

A statement that failed has created nothing, changed nothing and inserted nothing: what needs that
fails too, with a message that says something else.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from edge.emulator.postgres.created_names import bare_name, names_created

_IDENTIFIER: Final = r'(?:"[^"]+"|[\w$]+)'
_NAME: Final = rf"(?:{_IDENTIFIER}\s*\.\s*)?(?P<name>{_IDENTIFIER})"
_TARGET: Final = re.compile(
    rf"""\b(?: insert\s+into | copy | update(?:\s+only)?
      | alter\s+(?:table|type|view)(?:\s+if\s+exists)?(?:\s+only)?
      | create\s+(?:(?:unlogged|materialized|foreign)\s+)?(?:table|view|type)
          (?:\s+if\s+not\s+exists)?
      | create\s+(?:unique\s+)?index\b[^;(]*?\son(?:\s+only)? )\s+{_NAME}""",
    re.IGNORECASE | re.VERBOSE,
)
_EXTENSION: Final = re.compile(
    rf"\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?P<extension>{_IDENTIFIER})"
    rf"[^;]*?(?:\bschema\s+(?P<schema>{_IDENTIFIER})|;|$)",
    re.IGNORECASE,
)
_MAKES: Final = {
    "pg_partman": "partman",
    "postgis_tiger_geocoder": "tiger",
    "postgis_topology": "topology",
}
"""The schema that an extension makes itself."""
_SHARED: Final = frozenset(("public", "extensions", "pg_catalog"))
_FOLLOWS: Final = frozenset(
    ("22P02", "23502", "23503", "42830", "42P10", "P0001", "P0002", "P0004")
)
"""SQLSTATEs of a value that an enum lacks, of missing rows and keys, and of a project's checks."""
_QUOTED: Final = re.compile(r'"(?P<name>[^"]+)"|\benum (?P<enum>[\w.]+)')
_WORD: Final = re.compile(r'"([^"]+)"|([^\W\d][\w$]*)')


@dataclass(slots=True)
class Consequences:
    """The causes of what failed, by the names of what it would have made or changed."""

    _created: dict[str, str] = field(default_factory=dict[str, str])
    _schemas: dict[str, str] = field(default_factory=dict[str, str])
    _touched: dict[str, str] = field(default_factory=dict[str, str])

    def note(self, statement: str, cause: str) -> None:
        """Remember what a statement that failed would have done."""
        for name in names_created(statement):
            self._created.setdefault(name, cause)
        for name in _targets(statement):
            self._touched.setdefault(name, cause)
        for schema in _schemas_of_extensions(statement):
            self._created.setdefault(schema, cause)
            self._schemas.setdefault(schema, cause)

    def of_missing(self, names: Iterable[str]) -> str | None:
        """Return the cause that one of the names, with or without its schema, is not there."""
        listed = list(names)
        for name in listed:
            if cause := self._created.get(last_part(name)):
                return cause
        found = (self._schemas.get(name.rpartition(".")[0]) for name in listed)
        return next((cause for cause in found if cause), None)

    def of_state(self, sqlstate: str, message: str, detail: str, statement: str) -> str | None:
        """Return the cause that rows, keys or values are not there that the statement needs."""
        if sqlstate not in _FOLLOWS or not self._touched:
            return None
        named = (m["name"] or m["enum"] for m in _QUOTED.finditer(f"{detail} {message}"))
        written = (m[1] or m[2].lower() for m in _WORD.finditer(statement))
        for name in (*map(last_part, named), *(written if sqlstate != "22P02" else ())):
            if cause := self._touched.get(name):
                return cause
        return None


def last_part(name: str) -> str:
    """Return a name of the server's messages without its schema: they have no quotes."""
    return name.partition("(")[0].rpartition(".")[2].removesuffix("[]").strip('"')


def _targets(statement: str) -> Iterator[str]:
    for match in _TARGET.finditer(statement):
        yield bare_name(match["name"])


def _schemas_of_extensions(statement: str) -> Iterator[str]:
    for match in _EXTENSION.finditer(statement):
        own = _MAKES.get(bare_name(match["extension"]), "")
        schema = bare_name(match["schema"] or own)
        if schema and schema not in _SHARED:
            yield schema
