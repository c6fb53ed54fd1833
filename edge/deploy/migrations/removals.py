"""Which statements of a migration take away what code that runs may still use."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edge.deploy.migrations.routines import without_comments

_NAME: Final = r'((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)'
_IF_EXISTS: Final = r"(?:if\s+exists\s+)?"
_RELATION: Final = r"table|materialized\s+view|view|foreign\s+table"
_REPLACEABLE: Final = (
    r"policy|trigger|view|materialized\s+view|function|procedure|aggregate|rule|index"
)
_DROP: Final = re.compile(
    rf"drop\s+({_REPLACEABLE}|table|foreign\s+table|type|domain|schema|extension|routine|sequence"
    rf"|owned|role)\s+(?:concurrently\s+)?{_IF_EXISTS}{_NAME}",
    re.I,
)
_CREATE: Final = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:(?:unlogged|temporary|temp|constraint|unique|recursive)\s+)*"
    rf"({_REPLACEABLE}|table|type|domain|schema|sequence|foreign\s+table)\s+(?:concurrently\s+)?"
    rf"(?:if\s+not\s+exists\s+)?{_NAME}",
    re.I,
)
_ALTER: Final = re.compile(
    rf"alter\s+({_RELATION})\s+{_IF_EXISTS}(?:only\s+)?{_NAME}\s+(.*)", re.I | re.S
)
_UNIQUE_INDEX: Final = re.compile(
    rf"create\s+unique\s+index\b.*?\bon\s+(?:only\s+)?{_NAME}", re.I | re.S
)
_REVOKE: Final = re.compile(
    rf"revoke\b.*?\bon\s+(?:function\s+|table\s+|schema\s+|sequence\s+|type\s+)?{_NAME}",
    re.I | re.S,
)
_COLUMN: Final = r"alter\s+(?:column\s+)?\S+\s+"
_KEPT: Final = "constraint|not null|default|expression|identity"
_NARROWING: Final = (
    (rf"drop (?:column )?(?!{_KEPT})", "a column goes"),
    (r"rename\b", "a name changes"),
    (r"set schema\b", "it moves to another schema"),
    (rf"{_COLUMN}(?:set data )?type\b", "a column changes its type"),
    (rf"{_COLUMN}set not null\b", "a column must have a value"),
    (rf"{_COLUMN}drop default\b", "a column has no default"),
    (r"add (?:constraint|check|unique|primary|foreign|exclude)\b", "a constraint"),
    (
        r"add (?:column )?(?!.*\b(?:default|generated)\b)[^,]*\bnot null\b",
        "a column that must have a value",
    ),
    (r"(?:enable|force) row level security\b", "row-level security"),
)
_OTHERS: Final = (
    (re.compile(r"alter type\b.*\brename\b", re.I), "a name changes"),
    (
        re.compile(r"alter (?:function|procedure|routine)\b.* (?:rename|set schema) ", re.I),
        "it moves",
    ),
    (re.compile(r"alter policy\b", re.I), "a policy changes"),
)


@dataclass(frozen=True, slots=True)
class Removal:
    """A statement that code may not survive: its beginning, and why."""

    statement: str
    why: str


def find_removals(statements: Sequence[str], made: set[str]) -> list[Removal]:
    """Return the statements that take something away which was there before.

    What is dropped and created again in the same migration is replaced; `made` are names that
    pending migrations have created, which this one adds to.
    """
    texts = [_line(statement) for statement in statements]
    created = {_key(kind, name) for text in texts for kind, name in _created(text)}
    found = [
        Removal(_beginning(text), why)
        for text in texts
        for why in [_why(text, created, made)]
        if why
    ]
    made |= {name for text in texts for kind, name in _created(text) if kind in {"table", "view"}}
    return found


def adds(statements: Sequence[str]) -> bool:
    """Whether the migration creates what new code may need."""
    column = re.compile(r"alter\s+table\b.*\badd\s+(?:column\s+)?(?!constraint)", re.I | re.S)
    texts = (_line(statement) for statement in statements)
    return any(
        column.match(text)
        or any(kind not in {"policy", "index", "trigger"} for kind, _ in _created(text))
        for text in texts
    )


def _why(text: str, created: set[str], made: set[str]) -> str | None:
    def is_new(kind: str, name: str) -> bool:
        return name in made or _key(kind, name) in created

    if dropped := _DROP.match(text):
        kind, name = _plain(dropped[1]), _plain(dropped[2])
        return None if kind in {"trigger", "index"} or is_new(kind, name) else f"{kind} {name} goes"
    if altered := _ALTER.match(text):
        return None if is_new("table", _plain(altered[2])) else _find_narrowing(altered[3])
    if index := _UNIQUE_INDEX.match(text):
        return None if is_new("table", _plain(index[1])) else "values must be unique"
    if revoked := _REVOKE.match(text):
        name = _plain(revoked[1])
        is_first = any(is_new(kind, name) for kind in ("function", "table", "view", "schema"))
        return None if is_first else "a right goes"
    return next((why for pattern, why in _OTHERS if pattern.match(text)), None)


def _find_narrowing(actions: str) -> str | None:
    return next(
        (why for pattern, why in _NARROWING if re.search(rf"(?:^|, ?){pattern}", actions, re.I)),
        None,
    )


def _created(text: str) -> Iterator[tuple[str, str]]:
    if made := _CREATE.match(text):
        yield _plain(made[1]), _plain(made[2])


def _key(kind: str, name: str) -> str:
    return f"{kind.removeprefix('materialized ')} {name}"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace('"', "").lower()).removeprefix("public.")


def _line(statement: str) -> str:
    return " ".join(without_comments(statement).split())


def _beginning(line: str) -> str:
    return line if len(line) <= 80 else f"{line[:79]}…"
