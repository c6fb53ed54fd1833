"""Why statements of a project failed, grouped by cause, in words that are true of the project.

A file that works on the hosted project is right: no sentence here asks for a change of one, unless
no Postgres would take it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.emulator.postgres.consequences import Consequences, last_part
from edge.emulator.postgres.created_names import (
    CreatedNames,
    Place,
    find_listed,
    names_created,
    read_created,
)
from edge.emulator.postgres.dashboard_extensions import find_used
from edge.emulator.postgres.execute import StatementError
from edge.emulator.postgres.script import Script

_MISSING: Final = frozenset(("42P01", "42704", "42883", "3F000", "42703", "42P17", "42P18"))
_DUPLICATE: Final = frozenset(("42P07", "42710", "42723", "42P06", "42701", "42712"))
_NAMED: Final = re.compile(
    r'"(?P<quoted>[^"]+)"|(?:function|procedure) (?P<plain>[\w.]+)\('
    r"|^type (?P<type>[\w.]+(?:\[\])?) does"
)
_NO_NAME: Final = re.compile(
    r"(?:missing FROM-clause|invalid reference|data type .* has no default)"
)
_NO_SETTING: Final = re.compile(r'unrecognized configuration parameter "(?P<name>\w+\.[\w.]+)"')
_UNAVAILABLE: Final = re.compile(r'extension "(?P<name>[^"]+)" is not available')
_SERVICES: Final = (
    "auth|storage|realtime|extensions|net|cron|vault|graphql|graphql_public|pgmq|pgsodium"
    "|supabase_functions|pgbouncer"
)
_PLATFORM: Final = re.compile(rf"({_SERVICES})(\.|$)|supabase_(?!migrations)")
"""Names of what is there before a project's first migration."""
_MEMBER: Final = re.compile(r'is already member of publication "(?P<name>[^"]+)"')
_NO_VALUE: Final = re.compile(
    r'null value in column "(?P<column>[^"]+)" of relation "(?P<table>.+)" v'
)
_COLUMN: Final = re.compile(r'^column (?:"(?P<quoted>[^"]+)"|(?:[^ ".]+\.)*(?P<plain>[^ ".]+)) ')
_FUNCTION: Final = re.compile(r"^(?:function|procedure) (?P<call>(?P<name>[\w.]+)\(.*\)) does not")
_OBJECT: Final = re.compile(r"(?:function|procedure|relation|type) ")
_RIGHTS: Final = re.compile(
    r"\bhas_(?:function|table|column|any_column|sequence)_privilege\b|\b(?:pro|rel)acl\b", re.I
)
_NO_CONNECTION: Final = re.compile(r"Could not connect to (?P<host>\S+): ")
_LEAVE: Final = "The Supabase CLI stops here as well; --keep-going leaves these out."
_MOST_PLACES: Final = 5
_EXCERPT: Final = 90
_LONGEST_MESSAGE: Final = 300


_BY_SQLSTATE: Final = {
    "42501": (
        "The role postgres may not do this on the local Postgres.",
        "If it may on your hosted project, please report the statement as a bug of edge.",
    ),
    "P0001": (
        "A function of the project refuses a statement, with a message of its own.",
        "If it runs on the hosted project, please report it as a bug of edge.",
    ),
    "42601": (
        "The server cannot parse a statement.",
        "If an older Postgres takes it, --keep-going leaves it out.",
    ),
    "23": (
        "A statement needs rows that this database does not have.",
        "Hosted projects often have rows that no file inserts: put them into supabase/seed.sql,"
        " or add --keep-going.",
    ),
}
"""Cause and cure by the beginning of the SQLSTATE."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """One statement that failed; those with the same `cause` have the same `cure`."""

    path: Path
    line: int
    statement: str
    sqlstate: str
    message: str
    cause: str
    cure: str
    hint: str | None = None

    def describe(self, root: Path) -> str:
        """Return `file:line: message (SQLSTATE)`, the file relative to `root`."""
        path = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        return f"{path}:{self.line}: {self.message} (SQLSTATE {self.sqlstate})"


@dataclass(slots=True)
class Diagnosis:
    """Finds causes, with what the project's files create and what has failed so far."""

    scripts: Sequence[Script]
    skipped: Sequence[Path] = ()
    """Files of the folder that are not named like a migration."""
    find_schema: Callable[[str], str | None] = lambda name: None
    """Which schema has a function, table or type of that name, `pg_catalog` first."""
    blockers: list[Blocker] = field(default_factory=list[Blocker])
    _consequences: Consequences = field(default_factory=Consequences)
    _created: CreatedNames | None = None

    def add(self, failure: StatementError) -> Blocker:
        """Diagnose one failure and remember it."""
        diagnostic = failure.error.diag
        message = diagnostic.message_primary or str(failure.error).strip()
        cause, cure = self._explain(failure.error.sqlstate or "", message, failure)
        blocker = Blocker(
            failure.script.path,
            failure.line,
            _excerpt(failure.statement.text),
            failure.error.sqlstate or "",
            _shorten(message),
            cause,
            cure,
            None
            if _UNAVAILABLE.search(message) or failure.error.sqlstate == "42883"
            else diagnostic.message_hint or diagnostic.message_detail,
        )
        self._consequences.note(failure.statement.text, cause)
        self.blockers.append(blocker)
        return blocker

    def _explain(self, sqlstate: str, message: str, failure: StatementError) -> tuple[str, str]:
        found = (
            _explain_connection(message)
            or self._explain_extension(sqlstate, message, failure)
            or _explain_platform(sqlstate, message, failure.statement.text)
            or _explain_query(sqlstate, message)
            or self._explain_name(sqlstate, message, failure)
            or self._explain_state(sqlstate, message, failure)
        )
        if found:
            return found
        for prefix, explanation in _BY_SQLSTATE.items():
            if sqlstate.startswith(prefix):
                return explanation
        return (f"{message} ({sqlstate})", "Add --keep-going to leave these out.")

    def _explain_name(
        self, sqlstate: str, message: str, failure: StatementError
    ) -> tuple[str, str] | None:
        """Explain a name that is not there, or there already."""
        names = [m["quoted"] or m["plain"] or m["type"] for m in _NAMED.finditer(message)]
        if sqlstate == "42703" and (column := _COLUMN.match(message)):
            names = [column["quoted"] or column["plain"], *names[1:]]
            return self._explain_column(names, failure)
        if sqlstate in _MISSING and names:
            return self._explain_missing(names, failure)
        if sqlstate in _DUPLICATE and names:
            return self._explain_duplicate(last_part(names[0]), failure)
        return None

    def _explain_state(
        self, sqlstate: str, message: str, failure: StatementError
    ) -> tuple[str, str] | None:
        """Explain rows, keys or values that are not there, since what makes them has failed."""
        detail = failure.error.diag.message_detail or ""
        text = failure.statement.text
        cause = self._consequences.of_state(sqlstate, message, detail, text)
        return (cause, self._cure_of(cause)) if cause else None

    def _explain_extension(
        self, sqlstate: str, message: str, failure: StatementError
    ) -> tuple[str, str] | None:
        if missing := _UNAVAILABLE.search(message):
            return _explain_unavailable(missing["name"])
        used = find_used(sqlstate, message)
        if used is None:
            return None
        if not used.is_available and not self.creates(used.name):
            return _explain_unavailable(used.extension)
        place = self._index().places.get(used.extension)
        is_later = place and place.file > failure.script.path.name
        return _explain_order(used.extension, place) if place and is_later else None

    def _explain_missing(self, names: Sequence[str], failure: StatementError) -> tuple[str, str]:
        if of_platform := _explain_service_name(names, failure.statement.text):
            return of_platform
        message = failure.error.diag.message_primary or ""
        if cause := self._consequences.of_missing(names):
            return cause, self._cure_of(cause)
        bare = [last_part(name) for name in names]
        for name in bare:
            if name not in self._index().places:
                return self._explain_foreign(name, message)
        return self._explain_known(bare[0], message, failure)

    def _explain_column(self, names: Sequence[str], failure: StatementError) -> tuple[str, str]:
        """Explain a column that is not there; `names` are it and its table, if that is known."""
        if of_platform := _explain_service_name(names, failure.statement.text):
            return of_platform
        column = last_part(names[0])
        if cause := self._consequences.of_missing(names[:1]):
            return cause, self._cure_of(cause)
        place = self._index().column(column, failure.statement.text)
        if place and _is_after(place, failure):
            return _explain_order(column, place)
        return self._explain_listed(column, failure) or self._explain_foreign(column, "")

    def _explain_listed(self, column: str, failure: StatementError) -> tuple[str, str] | None:
        """Explain a column that is not there, though a `create table` lists it."""
        for listed in find_listed(self.scripts, column, failure.statement.text):
            first = self._index().places.get(listed.table, listed.place)
            if not _is_after(listed.place, failure):
                if first == listed.place or not listed.may_find:
                    return (f"{column} of {listed.place} is not there any more.", _LEAVE)
                return (
                    f"{column} is in a second `create table if not exists {listed.table}`, by"
                    f" {listed.place}: the table is there, by {first}.",
                    f"It adds nothing on the platform either: alter table {listed.table} add column"
                    f" if not exists {column} …; --keep-going leaves these out.",
                )
        return None

    def _explain_known(self, name: str, message: str, failure: StatementError) -> tuple[str, str]:
        """Explain a name that a migration creates."""
        place = self._index().places[name]
        if _is_after(place, failure):
            return _explain_order(name, place)
        if _FUNCTION.match(message):
            return (f"{name} of {place} takes other arguments.", _LEAVE)
        return (f"{name} of {place} is not there any more, or is in another schema.", _LEAVE)

    def _explain_foreign(self, name: str, message: str) -> tuple[str, str]:
        """Explain a name that no migration creates: one of a skipped file, or of the dashboard."""
        for path in self.skipped:
            if name in names_created(_read(path)):
                return (
                    f"{name} is created by {path.name}, which is not named like a migration.",
                    "The Supabase CLI skips it as well: name it <version>_<name>.sql.",
                )
        if _OBJECT.match(message) and (schema := self.find_schema(name)):
            if (called := _FUNCTION.match(message)) and schema == "pg_catalog":
                return (f"Postgres has no {called['call']}.", _LEAVE)
            return (
                f"{name} is in the schema {schema}, not where a statement looks for it.",
                _LEAVE,
            )
        return (
            f"{name} is created by no migration.",
            "It was probably made outside of the migrations (in the dashboard, or by another"
            " tool). Write it as a migration from the hosted project: edge db pull --db-url …",
        )

    def _explain_duplicate(self, name: str, failure: StatementError) -> tuple[str, str]:
        place = self._index().places.get(name)
        if place and place.file != failure.script.path.name:
            return (
                f"{name} is created twice, first by {place}.",
                "No Postgres takes both files in this order; --keep-going leaves the second out.",
            )
        return (
            f"{name} exists already.",
            "If a former start made it: edge db reset. Otherwise add --keep-going.",
        )

    def creates(self, *names: str) -> bool:
        """Whether a file of the project creates something with one of the names."""
        return any(name in self._index().places for name in names)

    def _cure_of(self, cause: str) -> str:
        return next(blocker.cure for blocker in self.blockers if blocker.cause == cause)

    def _index(self) -> CreatedNames:
        if self._created is None:
            self._created = read_created(self.scripts)
        return self._created


def describe_blockers(blockers: Sequence[Blocker], root: Path) -> Iterator[str]:
    """Yield the lines of a readable list: each cause with its places and its cure."""
    for cause, group in _by_cause(blockers):
        count = f"{len(group)} statements" if len(group) > 1 else "1 statement"
        yield f"• {cause} ({count})"
        for blocker in group[:_MOST_PLACES]:
            yield f"    {blocker.describe(root)}"
            if blocker.statement:
                yield f"        {blocker.statement}"
            if blocker.hint:
                yield f"        {blocker.hint}"
        if len(group) > _MOST_PLACES:
            yield f"    and {len(group) - _MOST_PLACES} more"
        yield f"    → {group[0].cure}"


def _explain_connection(message: str) -> tuple[str, str] | None:
    if away := _NO_CONNECTION.match(message):
        return (
            f"A statement asks {away['host']}, which this machine does not reach.",
            "Try again with a way there, or add --keep-going to leave these out.",
        )
    return None


def _explain_query(sqlstate: str, message: str) -> tuple[str, str] | None:
    """Explain what is wrong with a query itself, or missing of the settings."""
    if sqlstate not in _MISSING:
        return None
    if setting := _NO_SETTING.match(message):
        name = setting["name"]
        return (
            f"The setting {name} is made by no migration.",
            "Hosted projects often have such a setting of their database. Write it into"
            f" supabase/roles.sql: alter database postgres set {name} = '…'",
        )
    if _NO_NAME.match(message) or message.startswith("unrecognized configuration parameter"):
        return (f"{message} ({sqlstate})", _LEAVE)
    return None


def _is_after(place: Place, failure: StatementError) -> bool:
    return (place.file, place.line) > (failure.script.path.name, failure.line)


def _explain_platform(sqlstate: str, message: str, statement: str) -> tuple[str, str] | None:
    """Explain what the services' tables of today, and rights of new tables, do not allow."""
    if member := _MEMBER.search(message):
        return (f"Tables are added to the publication {member['name']} that has them.", _LEAVE)
    if missing := _NO_VALUE.match(message):
        table = re.search(rf"\b({_SERVICES})\W{{1,3}}{re.escape(missing['table'])}\b", statement)
        if table:
            return (
                f"{table[1]}.{missing['table']} needs {missing['column']} by now.",
                "The rows are of an older version of the service; hosted projects refuse them as"
                " well. Add the column, or --keep-going.",
            )
    if sqlstate in {"P0001", "P0004"} and _RIGHTS.search(statement):
        return (
            "A statement checks who may use what the migrations have made.",
            "If your hosted project does not expose new tables by itself, set"
            " auto_expose_new_tables = false in [api] of config.toml, then: edge db reset",
        )
    return None


def _explain_service_name(names: Sequence[str], statement: str) -> tuple[str, str] | None:
    if of_platform := _find_platform_name(names, statement):
        return (
            f"The local Postgres has no {of_platform}.",
            "If hosted projects have it, please report it as a bug of edge. --keep-going leaves"
            " these out.",
        )
    return None


def _explain_order(name: str, place: Place) -> tuple[str, str]:
    return (
        f"{name} is used before it is created, by {place}.",
        "The Supabase CLI applies files in the order of their names as well; --keep-going"
        " leaves these out.",
    )


def _explain_unavailable(extension: str) -> tuple[str, str]:
    return (
        f"The local Postgres has no extension {extension}.",
        "Everything else can be served: add --keep-going, which leaves these out.",
    )


def _by_cause(blockers: Iterable[Blocker]) -> Iterator[tuple[str, list[Blocker]]]:
    groups: dict[str, list[Blocker]] = {}
    for blocker in blockers:
        groups.setdefault(blocker.cause, []).append(blocker)
    yield from groups.items()


def _find_platform_name(names: Sequence[str], statement: str) -> str | None:
    """Return the first name that the platform has before a project's first migration."""
    for name in names:
        if _PLATFORM.match(name):
            return name
    for name in names[1:]:  # column "a" of relation "users": the schema is in the statement only
        qualified = re.search(rf'\b({_SERVICES})\s*\.\s*"?{re.escape(name)}\b', statement)
        if qualified:
            return f"{qualified[1]}.{name}.{names[0]}"
    return None


def _read(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def _shorten(message: str) -> str:
    """Return the message in one line: the server quotes the rest of a file that it cannot parse."""
    line = " ".join(message[: 2 * _LONGEST_MESSAGE].split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 2]} …"


def _excerpt(text: str) -> str:
    """Return the statement's beginning in one line, without its comments."""
    code = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text[: 20 * _EXCERPT], flags=re.DOTALL)
    line = " ".join(code.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 2] + " …"
