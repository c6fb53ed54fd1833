"""Run several statements in one round trip, in a libpq pipeline.

psycopg's own pipelines write and wait statement by statement and create a cursor for each, which
serves a sixth fewer requests. Frequent statements are prepared here, so its connections have
psycopg's own preparation off (prepare_threshold None): its DEALLOCATE ALL would drop them.
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

_PREPARE_THRESHOLD: Final = 4
_MAX_STATEMENTS: Final = 100
_FAILED: Final = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A statement with its values in wire format."""

    query: bytes
    values: Sequence[Any]
    types: tuple[int, ...]
    formats: Sequence[pq.Format]

    @property
    def key(self) -> tuple[bytes, tuple[int, ...]]:
        return self.query, self.types


@dataclass(slots=True)
class _Session:
    """The uses and the prepared statements of one connection, least recently used first."""

    uses: OrderedDict[tuple[bytes, tuple[int, ...]], int] = field(
        default_factory=OrderedDict[tuple[bytes, tuple[int, ...]], int]
    )
    names: dict[tuple[bytes, tuple[int, ...]], bytes] = field(
        default_factory=dict[tuple[bytes, tuple[int, ...]], bytes]
    )
    count: int = 0

    def should_prepare(self, bound: _Bound) -> bool:
        uses = self.uses[bound.key] = self.uses.pop(bound.key, 0) + 1
        return uses > _PREPARE_THRESHOLD and bound.key not in self.names

    def new_name(self) -> bytes:
        self.count += 1
        return b"edge_%d" % self.count

    def evict(self) -> list[bytes]:
        """Drop the least recently used statements; returns the names to deallocate."""
        names: list[bytes] = []
        while len(self.uses) > _MAX_STATEMENTS:
            key, _ = self.uses.popitem(last=False)
            if name := self.names.pop(key, None):
                names.append(name)
        return names


_sessions: WeakKeyDictionary[Connection, _Session] = WeakKeyDictionary()


async def run_together(connection: Connection, statements: Sequence[Statement]) -> list[PGresult]:
    """Return a result per statement; raises the first failure's psycopg.Error.

    Statements after a failed one are not run.
    """
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
    sent = [key for bound in statements for key in _send(pgconn, session, bound)]
    for name in session.evict():
        pgconn.send_query_params(b"deallocate " + name, None)
    pgconn.pipeline_sync()
    yield from _flush(pgconn)
    received = yield from _receive(pgconn)
    pgconn.exit_pipeline_mode()
    return _match_results(session, sent, received)


def _send(pgconn: PGconn, session: _Session, bound: _Bound) -> list[_Bound | tuple[_Bound, bytes]]:
    """Send the statement, prepared if frequent; returns one entry per expected result."""
    sent: list[_Bound | tuple[_Bound, bytes]] = [bound]
    name = session.names.get(bound.key)
    if session.should_prepare(bound):
        name = session.new_name()
        pgconn.send_prepare(name, bound.query, bound.types)
        sent.insert(0, (bound, name))
    if name:
        pgconn.send_query_prepared(name, bound.values, bound.formats)
    else:
        pgconn.send_query_params(bound.query, bound.values, bound.types, bound.formats)
    return sent


def _flush(pgconn: PGconn) -> PQGen[None]:
    while pgconn.flush():
        yield Wait.RW
        pgconn.consume_input()  # otherwise both sides might wait for the other to read


def _receive(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Return all results up to the pipeline's sync point."""
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


def _match_results(
    session: _Session,
    sent: Sequence[_Bound | tuple[_Bound, bytes]],
    received: Sequence[PGresult],
) -> list[PGresult]:
    results: list[PGresult] = []
    failure: PGresult | None = None
    for entry, result in zip(sent, received, strict=False):
        if result.status in _FAILED:
            failure = failure or result
        elif isinstance(entry, _Bound):
            results.append(result)
        elif result.status == pq.ExecStatus.COMMAND_OK:
            session.names[entry[0].key] = entry[1]
    if failure:
        raise error_from_result(failure)
    return results
