"""Tell the platform's own objects in a dump of a whole hosted project: they are there already."""

import re
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
_COMMENTS: Final = re.compile(r"(?:\s*--[^\n]*\n)*\s*")
_LONGEST: Final = 1000
_EXISTS: Final = frozenset(("42P06", "42P07", "42P16", "42701", "42710", "42723", "42809"))
"""SQLSTATEs of a duplicate schema, table, primary key, column, object or function, and of a
partition of a table that has none here."""
_REFUSED: Final = frozenset(("0LP01", "42501"))
"""SQLSTATEs of rights that `postgres` may not give, and of another role that it may not become."""
_DUPLICATE_ROW: Final = "23505"


def is_of_platform(statement: Statement) -> bool:
    """Whether the statement may be about what every project's database has."""
    begin = _COMMENTS.match(statement.text)
    start = begin.end() if begin else 0
    target = statement.text[start : start + _LONGEST].partition("(")[0]
    return _NAMED.search(" ".join(target.lower().split())) is not None


def exists_already(statement: Statement, sqlstate: str | None) -> bool:
    """Whether the error means that the database has what the statement would make."""
    if sqlstate == _DUPLICATE_ROW:
        return statement.copy_data is not None and "migrations" in statement.text
    is_about_rights = statement.head.partition(" ")[0] in {"grant", "revoke", "set", "alter"}
    return sqlstate in _EXISTS or (is_about_rights and sqlstate in _REFUSED)
