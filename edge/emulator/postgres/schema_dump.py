"""The schema of a database as pg_dump writes it, object by object."""

import re
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from edge.emulator.postgres.install import binaries, find_executables
from edge.emulator.postgres.script import parse_script
from edge.emulator.postgres.table_text import Table, parse_table
from edge.errors import EdgeError

# Those that the platform maintains (supabase/cli, pkg/migration/dump.go).
PLATFORM_SCHEMAS: Final = (
    *("_analytics", "_realtime", "_supavisor", "auth", "etl", "extensions", "pgbouncer"),
    *("realtime", "storage", "supabase_functions", "supabase_migrations", "cron", "dbdev"),
    *("graphql", "graphql_public", "net", "pgmq", "pgsodium", "pgsodium_masks", "pgtle", "repack"),
    *("tiger", "tiger_data", "timescaledb_*", "_timescaledb_*", "topology", "vault"),
    *("information_schema", "pg_*"),
)
_OURS: Final = ("edge_internal", "edge_console")
_DEADLINE: Final = 300
_HEADER: Final = re.compile(
    r"^-- Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*); Owner: ",
    re.MULTILINE,
)
_COMMENTS: Final = re.compile(r"(?:\s*--[^\n]*(?:\n|\Z))*\s*")
_SETTINGS: Final = frozenset(("set", "reset", "select"))
_OF_PROJECTS: Final = frozenset(("TRIGGER", "POLICY"))
"""Kinds of objects that projects add to the platform's tables."""

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Object:
    """One object; `statements` create it, without semicolons."""

    kind: str
    schema: str
    name: str
    statements: tuple[str, ...]

    @property
    def key(self) -> Key:
        """What another database's equivalent is found by."""
        return self.kind, self.schema, self.name

    @property
    def label(self) -> str:
        """Its kind and name, on one line."""
        prefix = "" if self.schema == "-" else f"{self.schema}."
        return f"{self.kind.lower()} {prefix}{self.name}"

    @property
    def table(self) -> Table | None:
        """The parsed definition of a table, None for anything else."""
        return parse_table(self.statements[0]) if self.kind == "TABLE" else None

    def equals(self, other: "Object") -> bool:
        """Whether both are the same, whatever the order of columns and grants."""
        mine, others = self.table, other.table
        if mine and others:
            same = mine.is_like(others)
            return same and sorted(self.statements[1:]) == sorted(other.statements[1:])
        return sorted(self.statements) == sorted(other.statements)


Schema = Mapping[Key, Object]


class UnreadableSchemaError(EdgeError):
    """A database that cannot be dumped; `is_forbidden` if the role may not read a part of it."""

    def __init__(self, message: str) -> None:
        super().__init__(f"The database cannot be dumped: {message}")
        self.is_forbidden = "permission denied" in message


def dump_schema(
    dsn: str, schemas: Collection[str] = (), excluded: Collection[str] = ()
) -> dict[Key, Object]:
    """Return the objects in an order in which they can be created: of `schemas`, or the project's.

    Those of `excluded`, patterns of schemas, are not read. Raises UnreadableSchemaError if the
    database cannot be dumped.
    """
    program = str(find_executables(binaries()) / "pg_dump")
    options = ["--schema-only", "--quote-all-identifiers", "--no-owner"]
    options += [f"--exclude-schema={pattern}" for pattern in excluded]
    try:
        done = subprocess.run(
            [program, *options, "--dbname", dsn],
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise EdgeError(f"The database was not dumped in {_DEADLINE} s.") from exc
    if done.returncode != 0:
        raise UnreadableSchemaError(done.stderr.strip())
    return {
        each.key: each
        for each in _objects(done.stdout)
        if _is_wanted(each, schemas) and not _is_in(each, excluded)
    }


def _objects(text: str) -> Iterable[Object]:
    """Group the statements below their headers; what has the same header is one object."""
    found: dict[Key, list[str]] = {}
    current: list[str] | None = None
    for statement in parse_script(Path("pg_dump"), text).statements:
        start = _COMMENTS.match(statement.text)
        begin = start.end() if start else 0
        for header in _HEADER.finditer(statement.text, 0, begin):
            current = found.setdefault((header["kind"], header["schema"], header["name"]), [])
        if current is not None and statement.head.partition(" ")[0] not in _SETTINGS:
            current.append(statement.text[begin:])
    return [Object(*key, tuple(dict.fromkeys(lines))) for key, lines in found.items() if lines]


def _schema_of(each: Object) -> str:
    return each.name if each.kind == "SCHEMA" else each.schema


def _is_in(each: Object, patterns: Collection[str]) -> bool:
    return any(fnmatch(_schema_of(each), pattern) for pattern in patterns)


def _is_wanted(each: Object, schemas: Collection[str]) -> bool:
    schema = _schema_of(each)
    if schemas:
        return schema in schemas
    if each.kind == "COMMENT" and each.name.startswith("EXTENSION "):
        return False
    if schema in _OURS:
        return False
    return each.kind in _OF_PROJECTS or not _is_in(each, PLATFORM_SCHEMAS)
