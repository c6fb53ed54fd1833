"""Tell the platform's own objects in dumps and pulled schemas: they are there already.

`supabase db pull` writes what the hosted project's services have made since the CLI's images, such
as triggers of storage; by the next image, and here, the file repeats what is there.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from edge.emulator.postgres.script import Statement

_SCHEMAS: Final = (
    "auth|storage|realtime|_realtime|vault|graphql|graphql_public|supabase_functions|net|cron"
    "|extensions|pgbouncer|pgsodium|pgmq|pgtle|supabase_migrations"
)
_NAMED: Final = re.compile(
    r"^(?:grant|revoke|set session authorization|alter default privileges) "
    rf'|^create schema "?(?:{_SCHEMAS})"?(?: |$)'
    r'|^(?:create|alter) publication "?supabase_realtime'
    rf'|"?\b(?:{_SCHEMAS})"?\.'
)
_OF_SERVICES: Final = r'"?(?:auth|storage|realtime|supabase_functions|vault)"?\.'
_REPEATED: Final = re.compile(
    rf"^create (?:unique )?index (?:concurrently )?(?P<index>\S+) on (?:only )?{_OF_SERVICES}"
    rf"|^create (?:constraint )?trigger (?P<trigger>\S+) .*?\bon {_OF_SERVICES}"
    rf"|^create (?:table|type|function|view) {_OF_SERVICES}(?P<object>\S+)"
    rf"|^alter table (?:only )?{_OF_SERVICES}\S+ add (?:constraint|column) (?P<part>\S+)"
    rf'|^create publication (?P<publication>"?supabase_realtime\S*)'
)
_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap")
_COMMENTS: Final = re.compile(r"(?:\s*--[^\n]*\n)*\s*")
_LONGEST: Final = 1000
_EXISTS: Final = frozenset(("42P06", "42P07", "42P16", "42701", "42710", "42723", "42809"))
"""SQLSTATEs of a duplicate schema, table, primary key, column, object or function, and of a
partition of a table that has none here."""
_REFUSED: Final = frozenset(("0LP01", "42501"))
"""SQLSTATEs of rights that `postgres` may not give, and of another role that it may not become."""
_TAKEN: Final = "55000"
"""SQLSTATE of an index that is a constraint's already."""
_DUPLICATE_ROW: Final = "23505"


def is_of_platform(statement: Statement) -> bool:
    """Whether the statement may be about what every project's database has."""
    return _NAMED.search(_target(statement)) is not None


def may_repeat(statement: Statement) -> bool:
    """Whether it makes what every database here has; in a file that may be no dump."""
    found = _REPEATED.match(_target(statement))
    if found is None or found.lastgroup is None:
        return False
    name = found[found.lastgroup].strip('"')
    base = re.sub(r"_(?:pkey|key|fkey)$", "", name)
    return name in _platform_names() or (base != name and base in _platform_names())


def repeats(statement: Statement, sqlstate: str | None) -> bool:
    """Whether the error means that the database has what such a statement would make."""
    return (sqlstate in _EXISTS or sqlstate == _TAKEN) and may_repeat(statement)


def exists_already(statement: Statement, sqlstate: str | None) -> bool:
    """Whether the error means that the database has what the statement would make."""
    if sqlstate == _DUPLICATE_ROW:
        return statement.copy_data is not None and "migrations" in statement.text
    is_about_rights = statement.head.partition(" ")[0] in {"grant", "revoke", "set", "alter"}
    return sqlstate in _EXISTS or (is_about_rights and sqlstate in _REFUSED)


def _target(statement: Statement) -> str:
    """Return the beginning of the statement, up to a parenthesis, in one line of small letters."""
    begin = _COMMENTS.match(statement.text)
    start = begin.end() if begin else 0
    target = statement.text[start : start + _LONGEST].partition("(")[0]
    return " ".join(target.lower().split())


@cache
def _platform_names() -> frozenset[str]:
    texts = (path.read_text().lower() for path in _BOOTSTRAP.glob("*.sql"))
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))
