"""Execute a SQL file as the Supabase CLI does: all of it in one transaction.

The CLI sends a file's statements as one pipeline, which the server runs in one implicit transaction
(supabase/cli, pkg/migration/file.go). A file whose statements cannot run inside a transaction is
executed statement by statement; one that begins and ends transactions itself is obeyed.
"""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus

from edge.emulator.postgres.platform_objects import (
    exists_already,
    is_of_platform,
    may_repeat,
    repeats,
)
from edge.emulator.postgres.privileged import run_privileged
from edge.emulator.postgres.privileged_calls import find_called, with_privileges
from edge.emulator.postgres.script import Script, Statement
from edge.emulator.postgres.sequences import Positions, read_sequences, restore_sequences

_NEEDS_OWN_TRANSACTION: Final = frozenset(("25001", "2D000", "55P04"))
"""SQLSTATEs of `create index concurrently` and its like, of a procedure that commits, and of a new
enum value that is used."""
RESET: Final = b"reset all; reset role; set storage.allow_delete_query = 'true'"
"""Files from before storage-api guarded its tables may delete buckets, as they then could."""
_NEW_VALUE: Final = re.compile(r'new value "(?P<label>.*)" of enum type (?P<type>.*)')
_ALLOW_VALUE: Final = "select edge_internal.allow_new_value(to_regtype(%s), %s)"
_INDEXES: Final = re.compile(r"(?:create (?:unique )?index|drop index|reindex|alter table)\b")
_CONCURRENTLY: Final = re.compile(r"\bconcurrently\b", re.IGNORECASE)
_ENDS: Final = frozenset(("commit", "end", "rollback", "abort"))
_SAVE: Final = b"savepoint edge_statement"
_RELEASE: Final = b"release savepoint edge_statement"
_RESTORE: Final = b"rollback to savepoint edge_statement"
_MOVE: Final = b"release savepoint edge_statement; savepoint edge_statement"


class StatementError(Exception):
    """A statement of a file that failed, and the server's error."""

    def __init__(self, script: Script, statement: Statement, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.script = script
        self.statement = statement
        self.error = error

    @property
    def line(self) -> int:
        """The line of the file that the server objects to."""
        position = self.error.diag.statement_position
        return self.statement.line_at(int(position) if position else None)


def execute_script(
    connection: psycopg.Connection,
    script: Script,
    finish: Callable[[], object] | None = None,
    *,
    restores_sequences: bool = False,
) -> None:
    """Execute the file, then `finish` in the same transaction. Raises StatementError.

    `connection` must be in autocommit mode. Settings that an earlier file left are reset first.
    With `restores_sequences`, they are where they were if the file fails: only for a local
    database, since what other clients have inserted meanwhile would get the same numbers.
    """
    connection.execute(RESET)
    sequences: Positions = read_sequences(connection) if restores_sequences else {}
    try:
        _execute_at_once(connection, script, finish, sequences)
    except StatementError as exc:
        restore_sequences(connection, sequences)
        if exc.error.sqlstate not in _NEEDS_OWN_TRANSACTION:
            raise
        _execute_each(connection, script, autocommit=True)
        _call(finish)


def _execute_at_once(
    connection: psycopg.Connection,
    script: Script,
    finish: Callable[[], object] | None,
    sequences: Positions,
) -> None:
    """Execute the file in one transaction; again, if it calls functions that need privileges."""
    try:
        if script.is_plain:
            _execute_whole(connection, script, finish, sequences)
        else:
            with _transaction(connection):
                _execute_each(connection, script)
                _call(finish)
    except StatementError as exc:
        calling = _with_calls(exc)
        if calling is None or any(each.controls_transaction for each in script.statements):
            raise
        restore_sequences(connection, sequences)
        statements = (calling if each is exc.statement else each for each in script.statements)
        script = replace(script, statements=tuple(statements))
        _execute_at_once(connection, script, finish, sequences)


def _with_calls(failure: StatementError) -> Statement | None:
    """Return the statement with the functions that lacked a privilege; None if they had it."""
    statement = failure.statement
    functions = statement.functions | find_called(failure.error)
    return None if functions == statement.functions else replace(statement, functions=functions)


def execute_leniently(
    connection: psycopg.Connection, script: Script, *, dry: bool = False
) -> Iterator[StatementError]:
    """Execute every statement that can be, and yield the errors of the others.

    With `dry`, inside a transaction that the caller rolls back: what needs a transaction of its own
    is then taken for right.
    """
    connection.execute(_SAVE)
    sets_role = any(statement.head.startswith("set role") for statement in script.statements)
    for statement in script.statements:
        if statement.controls_transaction:
            if statement.head.partition(" ")[0] in _ENDS and not sets_role:
                connection.execute(b"reset role; %b" % _MOVE)  # a role was the transaction's
            continue
        try:
            _execute_saved(connection, script, statement)
        except StatementError as exc:
            connection.execute(_RESTORE)
            if _repeats_the_platform(script, statement, exc):
                continue
            if exc.error.sqlstate not in _NEEDS_OWN_TRANSACTION:
                yield exc
                connection.execute(_MOVE)  # keeps what was done about it
            elif dry:
                yield from _execute_in_transaction(connection, exc)
            else:
                yield from _execute_alone(connection, script, statement)
    connection.execute(_RELEASE)


def _repeats_the_platform(script: Script, statement: Statement, failure: StatementError) -> bool:
    sqlstate = failure.error.sqlstate
    if script.is_dump and is_of_platform(statement) and exists_already(statement, sqlstate):
        return True
    return repeats(statement, sqlstate)


def _execute_saved(connection: psycopg.Connection, script: Script, statement: Statement) -> None:
    """Execute it and move the savepoint behind it; again, if it calls what needs privileges."""
    try:
        _execute_and_move(connection, script, statement)
    except StatementError as exc:
        calling = _with_calls(exc)
        if calling is None:
            raise
        connection.execute(_RESTORE)
        _execute_saved(connection, script, calling)


def _execute_and_move(connection: psycopg.Connection, script: Script, statement: Statement) -> None:
    """Execute it and move the savepoint behind it, mostly in one round trip."""
    if statement.copy_data is not None or statement.functions or statement.needs_privilege:
        _execute(connection, script, statement)
        connection.execute(_MOVE)
        return
    try:
        connection.execute(b"%b\n;%b" % (statement.text.encode(), _MOVE))
    except psycopg.Error as exc:
        raise StatementError(script, statement, exc) from exc


def _execute_in_transaction(
    connection: psycopg.Connection, failure: StatementError
) -> Iterator[StatementError]:
    """Make in this transaction what later statements need of one that needs another.

    What cannot be made is taken for right.
    """
    statement = failure.statement
    if value := _NEW_VALUE.search(failure.error.diag.message_primary or ""):
        connection.execute(_ALLOW_VALUE, (value["type"], value["label"]))
    elif _INDEXES.match(statement.head):
        blank = " " * len("concurrently")  # errors name positions
        statement = replace(statement, text=_CONCURRENTLY.sub(blank, statement.text, count=1))
    else:
        return
    connection.execute(_MOVE)
    try:
        _execute_saved(connection, failure.script, statement)
    except StatementError as exc:
        connection.execute(_RESTORE)
        if exc.error.sqlstate not in _NEEDS_OWN_TRANSACTION:
            yield StatementError(failure.script, failure.statement, exc.error)
        elif exc.error.diag.message_primary != failure.error.diag.message_primary:
            yield from _execute_in_transaction(connection, exc)


def _execute_alone(
    connection: psycopg.Connection, script: Script, statement: Statement
) -> Iterator[StatementError]:
    connection.execute("commit")
    try:
        _execute(connection, script, statement)
    except StatementError as exc:
        yield exc
    connection.execute("begin")
    connection.execute(_SAVE)


def _execute_whole(
    connection: psycopg.Connection,
    script: Script,
    finish: Callable[[], object] | None,
    sequences: Positions,
) -> None:
    try:
        with _transaction(connection):
            connection.execute(script.text.encode())
            _call(finish)
    except psycopg.Error as whole:
        restore_sequences(connection, sequences)
        if any(repeats(statement, whole.sqlstate) for statement in script.statements):
            with _transaction(connection):
                _execute_each(connection, script)
                _call(finish)
            return
        try:
            with _transaction(connection, keep=False):
                _execute_each(connection, script)
                _call(finish)
        except StatementError:
            if connection.closed:
                raise whole from None
            raise
        # It went well this time: the error was of the whole, such as a deferred constraint's.
        raise StatementError(script, _last_statement(script), whole) from whole


def _last_statement(script: Script) -> Statement:
    """Return the last one; a file without any, such as one whose comment never ends, as one."""
    return script.statements[-1] if script.statements else Statement(script.text, 1, 1, "")


def _execute_each(
    connection: psycopg.Connection, script: Script, *, autocommit: bool = False
) -> None:
    for statement in script.statements:
        if not autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute("begin")  # the file has ended the transaction
        if may_repeat(statement) or (script.is_dump and is_of_platform(statement)):
            _execute_unless_there(connection, script, statement)
        else:
            _execute(connection, script, statement)


def _execute_unless_there(
    connection: psycopg.Connection, script: Script, statement: Statement
) -> None:
    """Execute a statement of a dump that may repeat what every database here has."""
    try:
        with _savepoint(connection):
            if statement.copy_data is not None:  # foreign keys are there before the rows
                connection.execute("set local session_replication_role = replica")
            _execute(connection, script, statement)
            if statement.copy_data is not None:
                connection.execute("set local session_replication_role = default")
    except StatementError as exc:
        if not _repeats_the_platform(script, statement, exc):
            raise


def _execute(connection: psycopg.Connection, script: Script, statement: Statement) -> None:
    try:
        if statement.copy_data is None:
            with with_privileges(connection, statement.functions):
                if not (statement.needs_privilege and run_privileged(connection, statement.text)):
                    connection.execute(statement.text.encode())
            return
        if not statement.copy_data:
            return  # dumps list tables without rows, also those that this database has not
        with connection.cursor() as cursor, cursor.copy(statement.text.encode()) as copy:
            copy.write(statement.copy_data)
    except psycopg.Error as exc:
        raise StatementError(script, statement, exc) from exc


def _call(finish: Callable[[], object] | None) -> None:
    if finish:
        finish()


@contextmanager
def _transaction(connection: psycopg.Connection, *, keep: bool = True) -> Generator[None]:
    """Like `connection.transaction()`, for files that may end the transaction themselves."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        _end(connection, "rollback")
        raise
    _end(connection, "commit" if keep else "rollback")


def _end(connection: psycopg.Connection, command: str) -> None:
    if connection.closed or connection.info.transaction_status == TransactionStatus.IDLE:
        return
    connection.execute(command.encode())


@contextmanager
def _savepoint(connection: psycopg.Connection) -> Generator[None]:
    if connection.info.transaction_status == TransactionStatus.IDLE:
        yield  # each statement is a transaction of its own
        return
    connection.execute(_SAVE)
    try:
        yield
    except BaseException:
        connection.execute(_RESTORE)
        raise
    connection.execute(_RELEASE)
