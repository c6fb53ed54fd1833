"""Functions of a project that run what only the platform's `postgres` may: `select setup()`.

While a statement calls them, their statements are rewritten as those of a `do` block are. Which
ones they are is said by the error of a statement that was tried without that.
"""

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus

from edge.emulator.postgres.privileged import is_local, rewrite_body

_INSUFFICIENT_PRIVILEGE: Final = "42501"
_CALLED: Final = re.compile(r"^PL/pgSQL function (?P<signature>.+\)) line \d", re.MULTILINE)
_DEFINITION: Final = """
select p.oid, p.prosrc, pg_get_functiondef(p.oid)
from pg_proc p join pg_language l on l.oid = p.prolang
where p.oid = to_regprocedure(%s) and l.lanname = 'plpgsql' and pg_has_role(p.proowner, 'usage')
"""
_IS_REWRITTEN: Final = "select 1 from pg_proc where oid = %s and prosrc = %s"


def find_called(error: psycopg.Error) -> frozenset[str]:
    """Return the signatures of the functions in which a privilege was missing."""
    if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
        return frozenset()
    context = error.diag.context or ""
    return frozenset(match["signature"] for match in _CALLED.finditer(context))


@contextmanager
def with_privileges(connection: psycopg.Connection, signatures: Iterable[str]) -> Generator[None]:
    """Rewrite the functions until the block ends; if it fails, a transaction is rolled back."""
    rewritten = [*_rewrite(connection, signatures)] if is_local(connection) else []
    try:
        yield
    except psycopg.Error:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            _restore(connection, rewritten)
        raise
    _restore(connection, rewritten)


_Rewritten = tuple[int, str, str]
"""A function's oid, its body for now, and its own definition."""


def _rewrite(connection: psycopg.Connection, signatures: Iterable[str]) -> Generator[_Rewritten]:
    for signature in signatures:
        for oid, source, definition in connection.execute(_DEFINITION, (signature,)).fetchall():
            body = rewrite_body(source)
            if body != source:
                before, _, after = definition.rpartition(source)
                connection.execute(f"{before}{body}{after}".encode())
                yield oid, body, definition


def _restore(connection: psycopg.Connection, rewritten: Iterable[_Rewritten]) -> None:
    """Give the functions their own bodies, but for those that were dropped or replaced."""
    for oid, body, definition in rewritten:
        if connection.execute(_IS_REWRITTEN, (oid, body)).fetchone():
            connection.execute(definition.encode())
