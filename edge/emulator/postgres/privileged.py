"""Statements that `postgres` may run on the platform, and only a superuser on plain Postgres.

There supautils decides; here `edge_internal.run_privileged` of bootstrap/12_internal.sql runs them.
"""

import re
from typing import Final

import psycopg
from psycopg import sql

_PRIVILEGED: Final = re.compile(
    r"""^(?:
      (?:create|alter|drop|comment\ on)\ event\ trigger\b
    | drop\ publication\b
    | (?:create|alter)\ publication\b.*\b(?:all\ tables|tables\ in\ schema)\b
    | comment\ on\ extension\b
    | alter\ extension\b.*\bset\ schema\b
    | alter\ default\ privileges\ for\ (?:role|user)\ "?supabase_
    | alter\ (?:role|user|database)\b.*\bset\ "?[a-z_]+"?\.
    | alter\ .*\bowner\ to\ "?(?:supabase_(?:admin|\w+_user|(?:etl|replication)_admin)|pgbouncer)"?$
    )""",
    re.VERBOSE | re.DOTALL,
)
# Most statements are told apart by this without being copied.
_START: Final = re.compile(
    r"\b(?:event\s+trigger|publication|extension|privileges|role|user|database|owner)\b", re.I
)
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_IS_LOCAL: Final = "select to_regprocedure('edge_internal.run_privileged(text)') is not null"
_LONGEST: Final = 4000


def needs_privilege(statement: str) -> bool:
    """Whether the statement may need more than `postgres` has in plain Postgres."""
    if len(statement) > _LONGEST or _START.search(statement) is None:
        return False
    code = " ".join(_COMMENT.sub(" ", statement).lower().split())
    return _PRIVILEGED.match(code.rstrip("; ")) is not None


def run_privileged(connection: psycopg.Connection, statement: str) -> bool:
    """Run it with the platform's privileges; False if this is not the local Postgres."""
    local = connection.execute(_IS_LOCAL).fetchone()
    if not local or not local[0]:
        return False
    connection.execute(
        sql.SQL("select edge_internal.run_privileged({})").format(sql.Literal(statement))
    )
    return True
