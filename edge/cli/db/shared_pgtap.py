"""pgTAP shared by runs of `edge db test`: the first creates it, the last drops it."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

_RUNS: Final = 0x65646765_74657374  # advisory locks: shared by runs, and taken to change anything
_CHANGE: Final = _RUNS + 1
_MARK: Final = "made by edge db test"
_FIND: Final = (
    "select obj_description(oid, 'pg_extension') from pg_extension where extname = 'pgtap'"
)


@contextmanager
def use_pgtap(url: str) -> Generator[str]:
    """Create the extension where it is missing; the last of the runs that use it drops it again.

    A project's own pgTAP stays. What a killed run has left is dropped by the next.
    """
    options = "-c idle_session_timeout=0 -c lock_timeout=0 -c statement_timeout=0"
    with psycopg.connect(url, autocommit=True, options=options) as connection:
        with _changing(connection):
            connection.execute("select pg_advisory_lock_shared(%s)", (_RUNS,))
            if connection.execute(_FIND).fetchone() is None:
                connection.execute("create extension pgtap with schema extensions")
                connection.execute(f"comment on extension pgtap is '{_MARK}'")
        try:
            yield url
        finally:
            with suppress(psycopg.OperationalError):  # Postgres has ended: the next run does it
                _leave(connection)


def _leave(connection: psycopg.Connection) -> None:
    with _changing(connection):
        connection.execute("select pg_advisory_unlock_shared(%s)", (_RUNS,))
        is_last = connection.execute("select pg_try_advisory_lock(%s)", (_RUNS,)).fetchone()
        if is_last == (True,) and connection.execute(_FIND).fetchone() == (_MARK,):
            with suppress(psycopg.errors.DependentObjectsStillExist):  # a file has left some
                connection.execute("drop extension pgtap")


@contextmanager
def _changing(connection: psycopg.Connection) -> Generator[None]:
    """Let one run at a time create or drop it."""
    connection.execute("select pg_advisory_lock(%s)", (_CHANGE,))
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s)", (_CHANGE,))
