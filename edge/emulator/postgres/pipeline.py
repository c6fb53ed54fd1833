"""Statements sent together and answered together: one write and one wait, whatever their number.

psycopg's own pipelines write and wait statement by statement, and make a cursor for each. What is
sent here often is prepared, as psycopg does it outside of pipelines.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from psycopg import pq
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Wait

from edge.emulator.postgres.pool import Connection

Statement = tuple[bytes, tuple[Any, ...]]
"""With $1, $2, … and their values."""

_USES_BEFORE_PREPARING: Final = 4
_MOST_PREPARED: Final = 100
_FAILED: Final = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A statement with its values as they go over the wire."""

    query: bytes
    values: Sequence[Any]
    types: tuple[int, ...]
    formats: Sequence[pq.Format]

    @property
    def key(self) -> tuple[bytes, tuple[int, ...]]:
        return self.query, self.types


@dataclass(slots=True)
class _Session:
    """What one connection's server process has been asked so far, the latest last."""

    uses: OrderedDict[tuple[bytes, tuple[int, ...]], int] = field(
        default_factory=OrderedDict[tuple[bytes, tuple[int, ...]], int]
    )
    names: dict[tuple[bytes, tuple[int, ...]], bytes] = field(
        default_factory=dict[tuple[bytes, tuple[int, ...]], bytes]
    )
    count: int = 0

    def wants_preparing(self, bound: _Bound) -> bool:
        uses = self.uses[bound.key] = self.uses.pop(bound.key, 0) + 1
        return uses > _USES_BEFORE_PREPARING and bound.key not in self.names

    def new_name(self) -> bytes:
        self.count += 1
        return b"edge_%d" % self.count

    def forgotten(self) -> list[bytes]:
        """The names of what was not asked for a long time; they are to be given up."""
        names: list[bytes] = []
        while len(self.uses) > _MOST_PREPARED:
            key, _ = self.uses.popitem(last=False)
            if name := self.names.pop(key, None):
                names.append(name)
        return names


_sessions: WeakKeyDictionary[Connection, _Session] = WeakKeyDictionary()


async def run_together(connection: Connection, statements: Sequence[Statement]) -> list[PGresult]:
    """A result for each; psycopg.Error when one failed, after which none of the rest was run."""
    bound = [_bind(connection, *statement) for statement in statements]
    session = _sessions.setdefault(connection, _Session())
    async with connection.lock:
        return await connection.wait(_exchange(connection.pgconn, session, bound))


def _bind(connection: Connection, query: bytes, values: tuple[Any, ...]) -> _Bound:
    if not values:
        return _Bound(query, (), (), ())
    transformer = Transformer(connection)
    dumped = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    return _Bound(query, dumped, tuple(transformer.types or ()), transformer.formats or ())


def _exchange(
    pgconn: PGconn, session: _Session, statements: Sequence[_Bound]
) -> PQGen[list[PGresult]]:
    pgconn.enter_pipeline_mode()
    asked = [key for bound in statements for key in _send(pgconn, session, bound)]
    for name in session.forgotten():
        pgconn.send_query_params(b"deallocate " + name, None)
    pgconn.pipeline_sync()
    yield from _flush(pgconn)
    received = yield from _receive(pgconn)
    pgconn.exit_pipeline_mode()
    return _sort_out(session, asked, received)


def _send(pgconn: PGconn, session: _Session, bound: _Bound) -> list[_Bound | tuple[_Bound, bytes]]:
    """What is asked for it: perhaps to be prepared, and to be run."""
    asked: list[_Bound | tuple[_Bound, bytes]] = [bound]
    name = session.names.get(bound.key)
    if session.wants_preparing(bound):
        name = session.new_name()
        pgconn.send_prepare(name, bound.query, bound.types)
        asked.insert(0, (bound, name))
    if name:
        pgconn.send_query_prepared(name, bound.values, bound.formats)
    else:
        pgconn.send_query_params(bound.query, bound.values, bound.types, bound.formats)
    return asked


def _flush(pgconn: PGconn) -> PQGen[None]:
    while pgconn.flush():
        yield Wait.RW
        pgconn.consume_input()  # or else both sides might wait for the other to read


def _receive(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """All results up to the end of the pipeline."""
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:  # the end of one statement's
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        results.append(result)


def _sort_out(
    session: _Session,
    asked: Sequence[_Bound | tuple[_Bound, bytes]],
    received: Sequence[PGresult],
) -> list[PGresult]:
    results: list[PGresult] = []
    failure: PGresult | None = None
    for question, result in zip(asked, received, strict=False):
        if result.status in _FAILED:
            failure = failure or result
        elif isinstance(question, _Bound):
            results.append(result)
        elif result.status == pq.ExecStatus.COMMAND_OK:
            session.names[question[0].key] = question[1]
    if failure:
        raise error_from_result(failure)
    return results
