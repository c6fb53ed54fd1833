"""Run one statement as a role, in a transaction that is rolled back unless writing was asked for.

This runs in a process of its own with bounded memory (`service.py`): a single value may be 1 GB.
The extended protocol takes one statement only, and `commit` within a DO block or a procedure fails
in a transaction block; what acts outside of transactions (sequences, dblink) has the role's rights.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from edge.console_api.sql.identity import Identity
from edge.console_api.sql.policies import describe, find_commands, read_locked
from edge.console_api.sql.values import Grid, encode

MAX_ROWS: Final = 1000
_MAX_BYTES: Final = 1 << 20
_MAX_VALUE: Final = 4096
_MAX_NOTICES: Final = 50
_PLANNING_MS: Final = 3000
_GUARDED: Final = (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)
_COPY: Final = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)
_CONTROL: Final = (
    "SQL_TRANSACTION_CONTROL",
    "Each statement runs in a transaction of its own: BEGIN, COMMIT and ROLLBACK are not taken.",
    "Leave it out; choose “write” as postgres to keep a change.",
)
_WRITING: Final = ("INSERT", "UPDATE", "DELETE", "MERGE")


@dataclass(frozen=True, slots=True)
class Statement:
    """What to run, and how: `explain` is plan, analyze or empty; `write` commits."""

    query: str
    identity: Identity = field(default_factory=Identity)
    write: bool = False
    explain: str = ""
    timeout_ms: int = 10_000
    max_rows: int = MAX_ROWS
    names_policies: bool = True


def run_encoded(dsn: str, statement: Statement) -> tuple[int, bytes]:
    """Return the HTTP status and the JSON of `run`."""
    answer = run(dsn, statement)
    return (400 if "code" in answer else 200), encode(answer)


def run(dsn: str, statement: Statement) -> dict[str, Any]:
    """Return columns, rows and policies, or an error of {code, message, hint, …}."""
    login = make_conninfo(
        dsn,
        user=statement.identity.login,
        connect_timeout=5,
        application_name="edge-console",
        options="-c client_connection_check_interval=1s",
    )
    try:
        connection = psycopg.connect(login, autocommit=True)
    except psycopg.OperationalError as exc:
        return {"code": "DATABASE_UNREACHABLE", "message": str(exc), "hint": None}
    try:
        return _Run(connection, statement).answer()
    except psycopg.Error as exc:
        return render_error(exc)
    finally:
        connection.close()


def render_error(exc: psycopg.Error) -> dict[str, Any]:
    """Return an error of Postgres as JSON, with its SQLSTATE and position."""
    diag = exc.diag
    position = diag.statement_position
    return {
        "code": diag.sqlstate or "DATABASE_ERROR",
        "message": diag.message_primary or str(exc).strip() or type(exc).__name__,
        "detail": diag.message_detail,
        "hint": diag.message_hint or _hint(diag.sqlstate),
        "position": int(position) if position else None,
    }


def _hint(sqlstate: str | None) -> str | None:
    if sqlstate == "57014":
        return "The statement took too long. Add a filter or an index, or allow it more time."
    if sqlstate == "42501":
        return "The role has no grant, or a policy's check refused the row."
    return None


class _Run:
    """One statement on a connection of its own."""

    def __init__(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        self._connection = connection
        self._statement = statement
        self._notices: list[str] = []
        self._tag = ""
        self._columns: list[tuple[str, int, int]] = []
        self._grid = Grid([], statement.max_rows, _MAX_BYTES, _MAX_VALUE)
        self._is_cut = False
        connection.add_notice_handler(self._note)

    def answer(self) -> dict[str, Any]:
        self._begin()
        locked, commands = self._plan()
        started = time.perf_counter()
        refusal = self._execute(self._text().encode())
        duration = (time.perf_counter() - started) * 1000
        if refusal:
            code, message, hint = refusal
            return {"code": code, "message": message, "hint": hint}
        if self._statement.names_policies and self._status is pq.TransactionStatus.INTRANS:
            locked |= self._locked()
        self._end()
        tables, policies = describe(locked.values(), commands)
        return {
            "columns": self._named_columns(),
            "rows": self._grid.rows,
            "cut": self._grid.cut,
            "row_count": None if self._is_cut else _count(self._tag, self._grid),
            "truncated": self._is_cut,
            "command": self._tag,
            "committed": self._statement.write,
            "duration_ms": round(duration, 2),
            "tables": tables,
            "policies": policies,
            "notices": self._notices,
            "notes": self._notes(),
        }

    @property
    def _status(self) -> pq.TransactionStatus:
        return self._connection.info.transaction_status

    def _begin(self) -> None:
        statement = self._statement
        settings = {
            "statement_timeout": f"{statement.timeout_ms}ms",
            "lock_timeout": f"{min(statement.timeout_ms, 5000)}ms",
            **statement.identity.settings(),
        }
        self._connection.execute("begin")
        sets = ", ".join("set_config(%s, %s, true)" for _ in settings)
        values = [part for setting in settings.items() for part in setting]
        self._connection.execute(f"select {sets}".encode(), values)

    def _plan(self) -> tuple[dict[int, dict[str, Any]], dict[tuple[str, str], frozenset[str]]]:
        """Plan the statement without running it: a failed one shall name its policies too."""
        if not self._statement.names_policies:
            return {}, {}
        self._connection.execute("savepoint plan")
        self._limit(min(_PLANNING_MS, self._statement.timeout_ms))
        explain = "explain (verbose, format json) " + self._statement.query
        result = self._send(explain.encode())
        plan: Any = []
        while result is not None:
            if result.status in _COPY:
                break
            if result.status == pq.ExecStatus.TUPLES_OK and result.ntuples:
                plan = json.loads(result.get_value(0, 0) or b"[]")
            result = self._connection.pgconn.get_result()
        locked: dict[int, dict[str, Any]] = {}
        if self._status is pq.TransactionStatus.INTRANS:
            locked = self._locked()
        if self._status in _GUARDED:
            self._connection.execute("rollback to savepoint plan")
        return locked, find_commands(plan)

    def _limit(self, milliseconds: int) -> None:
        self._connection.execute(f"set local statement_timeout = {milliseconds}".encode())

    def _locked(self) -> dict[int, dict[str, Any]]:
        try:
            return {row["oid"]: row for row in read_locked(self._connection)}
        except psycopg.Error:
            return {}  # the statement has taken away what it needs

    def _text(self) -> str:
        options = {"plan": "verbose", "analyze": "analyze, verbose, buffers"}
        chosen = options.get(self._statement.explain)
        return f"explain ({chosen}) {self._statement.query}" if chosen else self._statement.query

    def _send(self, query: bytes) -> pq.abc.PGresult | None:
        self._connection.pgconn.send_query_params(query, None)
        return self._connection.pgconn.get_result()

    def _execute(self, query: bytes) -> tuple[str, str, str] | None:
        """Run it and keep what fits; returns a refusal. Raises the error of Postgres."""
        pgconn = self._connection.pgconn
        pgconn.send_query_params(query, None)
        pgconn.set_single_row_mode()
        error: pq.abc.PGresult | None = None
        while (result := pgconn.get_result()) is not None:
            if result.status in _COPY:
                return ("SQL_COPY", "COPY from and to the client is not taken here.", "Use psql.")
            if result.status == pq.ExecStatus.FATAL_ERROR:
                error = result
            elif result.status == pq.ExecStatus.SINGLE_TUPLE:
                self._keep(result)
            elif result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                self._describe(result)
                self._tag = (result.command_status or b"").decode()
        if error is not None and not self._is_cut:
            raise psycopg.errors.error_from_result(error)
        return None if self._status in _GUARDED else _CONTROL

    def _keep(self, result: pq.abc.PGresult) -> None:
        self._describe(result)
        if not self._grid.is_full:
            self._grid.add([result.get_value(0, c) for c in range(result.nfields)])
        elif not self._is_cut:
            self._is_cut = True
            if not self._statement.write:  # a change that is to be kept goes on to its end
                self._connection.pgconn.get_cancel().cancel()

    def _describe(self, result: pq.abc.PGresult) -> None:
        if self._columns or not result.nfields:
            return
        self._columns = [
            ((result.fname(c) or b"").decode(), result.ftype(c), result.fmod(c))
            for c in range(result.nfields)
        ]
        self._grid.types = [oid for _, oid, _ in self._columns]

    def _end(self) -> None:
        keeps = self._statement.write and self._status is pq.TransactionStatus.INTRANS
        self._connection.execute("commit" if keeps else "rollback")

    def _named_columns(self) -> list[dict[str, str]]:
        if not self._columns:
            return []
        types = {(oid, modifier) for _, oid, modifier in self._columns}
        names: dict[tuple[int, int], str] = {}
        with suppress(psycopg.Error):
            found = self._connection.execute(
                "select o, m, format_type(o::oid, m) from unnest(%s::int8[], %s::int4[]) t(o, m)",
                ([oid for oid, _ in types], [modifier for _, modifier in types]),
            )
            names = {(oid, modifier): name for oid, modifier, name in found}
        return [
            {"name": name, "type": names.get((oid, modifier), "unknown")}
            for name, oid, modifier in self._columns
        ]

    def _notes(self) -> list[str]:
        notes: list[str] = []
        writes = self._tag.startswith(_WRITING)
        if writes and not self._statement.write:
            notes.append("Rolled back: no row was changed. Sequences keep the numbers they gave.")
        if self._is_cut:
            notes.append(f"Only the first {len(self._grid.rows)} rows are shown.")
        return notes

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        if len(self._notices) < _MAX_NOTICES:
            self._notices.append((notice.message_primary or "")[:_MAX_VALUE])


def _count(tag: str, grid: Grid) -> int:
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdigit() else len(grid.rows)
