"""Why statements of a project failed, grouped by cause, in words that are true of the project.

A file that works on the hosted project is right: no sentence here asks for a change of one, unless
no Postgres would take it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.emulator.postgres.dashboard_extensions import find_used
from edge.emulator.postgres.execute import StatementError
from edge.emulator.postgres.script import Script

_IDENTIFIER: Final = r'(?:"[^"]+"|[\w$]+)'
_CREATED: Final = re.compile(
    rf"""\b(?:create\s+(?:or\s+replace\s+)?
        (?:(?:temp|temporary|unlogged|recursive|materialized|foreign|unique|constraint|event)\s+)*
        (?:table|view|function|procedure|type|domain|schema|extension|index|sequence|trigger|policy
          |role|user|publication|server|aggregate)\s+
        (?:concurrently\s+)?(?:if\s+not\s+exists\s+)?
      |rename\s+to\s+|add\s+column\s+(?:if\s+not\s+exists\s+)?)
      (?:{_IDENTIFIER}\s*\.\s*)?(?P<name>{_IDENTIFIER})""",
    re.IGNORECASE | re.VERBOSE,
)
_MISSING: Final = frozenset(("42P01", "42704", "42883", "3F000", "42703", "42P17", "42P18"))
_DUPLICATE: Final = frozenset(("42P07", "42710", "42723", "42P06", "42701", "42712"))
_NAMED: Final = re.compile(r'"(?P<quoted>[^"]+)"|(?:function|procedure) (?P<plain>[\w.]+)\(')
_UNAVAILABLE: Final = re.compile(r'extension "(?P<name>[^"]+)" is not available')
_SERVICES: Final = (
    "auth|storage|realtime|extensions|net|cron|vault|graphql|graphql_public|pgmq|pgsodium"
    "|supabase_functions|pgbouncer"
)
_PLATFORM: Final = re.compile(rf"({_SERVICES})(\.|$)|supabase_(?!migrations)")
"""Names of what is there before a project's first migration."""
_NO_CONNECTION: Final = re.compile(r"Could not connect to (?P<host>\S+): ")
_MOST_PLACES: Final = 5
_EXCERPT: Final = 90


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
    blockers: list[Blocker] = field(default_factory=list[Blocker])
    _failed: dict[str, str] = field(default_factory=dict[str, str])
    """The cause by the name of what a failed statement would have created."""
    _created: dict[str, str] | None = None

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
            message,
            cause,
            cure,
            None
            if _UNAVAILABLE.search(message) or failure.error.sqlstate == "42883"
            else diagnostic.message_hint or diagnostic.message_detail,
        )
        for name in _names_created(failure.statement.text):
            self._failed.setdefault(name, cause)
        self.blockers.append(blocker)
        return blocker

    def _explain(self, sqlstate: str, message: str, failure: StatementError) -> tuple[str, str]:
        if away := _NO_CONNECTION.match(message):
            return (
                f"A statement asks {away['host']}, which this machine does not reach.",
                "Try again with a way there, or add --keep-going to leave these out.",
            )
        if of_extension := self._explain_extension(sqlstate, message, failure):
            return of_extension
        names = [m["quoted"] or m["plain"] for m in _NAMED.finditer(message)]
        if sqlstate in _MISSING and names:
            return self._explain_missing(names, failure)
        if sqlstate in _DUPLICATE and names:
            return self._explain_duplicate(_bare(names[0]), failure)
        for prefix, explanation in _BY_SQLSTATE.items():
            if sqlstate.startswith(prefix):
                return explanation
        return (f"{message} ({sqlstate})", "Add --keep-going to leave these out.")

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
        place = self._index().get(used.extension, "")
        return _explain_order(used.extension, place) if place > failure.script.path.name else None

    def _explain_missing(self, names: Sequence[str], failure: StatementError) -> tuple[str, str]:
        if of_platform := _find_platform_name(names, failure.statement.text):
            return (
                f"The local Postgres has no {of_platform}, which hosted projects have.",
                "Please report it as a bug of edge. --keep-going leaves these out.",
            )
        bare = [_bare(name) for name in names]
        for name in bare:
            if cause := self._failed.get(name):
                return cause, self._cure_of(cause)
        for name in bare:
            if name not in self._index():
                return self._explain_foreign(name)
        return _explain_order(bare[0], self._index()[bare[0]])

    def _explain_foreign(self, name: str) -> tuple[str, str]:
        """Explain a name that no migration creates: one of a skipped file, or of the dashboard."""
        for path in self.skipped:
            if name in _names_created(_read(path)):
                return (
                    f"{name} is created by {path.name}, which is not named like a migration.",
                    "The Supabase CLI skips it as well: name it <version>_<name>.sql.",
                )
        return (
            f"{name} is created by no migration.",
            "It was probably made outside of the migrations (in the dashboard, or by another"
            " tool). Write it as a migration from the hosted project: edge db pull --db-url …",
        )

    def _explain_duplicate(self, name: str, failure: StatementError) -> tuple[str, str]:
        place = self._index().get(name)
        if place and not place.startswith(f"{failure.script.path.name}:"):
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
        return any(name in self._index() for name in names)

    def _cure_of(self, cause: str) -> str:
        return next(blocker.cure for blocker in self.blockers if blocker.cause == cause)

    def _index(self) -> dict[str, str]:
        """Return the place that first creates each name."""
        if self._created is None:
            self._created = {}
            for script in self.scripts:
                for match in _CREATED.finditer(script.text):
                    name = _bare(match["name"])
                    if name not in self._created:
                        line = script.text.count("\n", 0, match.start()) + 1
                        self._created[name] = f"{script.path.name}:{line}"
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


def _explain_order(name: str, place: str) -> tuple[str, str]:
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


def _names_created(text: str) -> set[str]:
    return {_bare(match["name"]) for match in _CREATED.finditer(text)}


def _bare(name: str) -> str:
    """Return the name without its schema and quotes."""
    last = name.rpartition(".")[2]
    return last.strip('"') if last.startswith('"') else last.strip('"').lower()


def _excerpt(text: str) -> str:
    """Return the statement's beginning in one line, without its comments."""
    code = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text[: 20 * _EXCERPT], flags=re.DOTALL)
    line = " ".join(code.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 2] + " …"
