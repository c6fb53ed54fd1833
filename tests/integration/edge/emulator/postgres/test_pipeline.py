"""Statements in one round trip: one transaction, whatever fails, is cancelled or is cut."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.pipeline import PipelineConnection, Value, connect_pipeline
from edge.emulator.postgres.pool import Connector


@pytest.fixture
async def connection(cluster: Cluster) -> AsyncIterator[PipelineConnection]:
    found = await connect_pipeline(Connector(cluster.dsn(), "test"))
    yield found
    found.finish()


async def _value(connection: PipelineConnection, query: bytes, *values: Value) -> bytes | None:
    return (await connection.run([(query, values)]))[0].get_value(0, 0)


async def test_settings_last_for_the_statements_of_one_run(connection: PipelineConnection):
    await connection.run([(b"create temp table seen (role text)", ())])
    await connection.run(
        [
            (b"grant all on seen to anon", ()),
            (b"select set_config('role', $1, true)", ("anon",)),
            (b"insert into seen select current_user", ()),
        ]
    )

    assert await _value(connection, b"select role from seen") == b"anon"
    assert await _value(connection, b"select current_user") == b"supabase_admin"


async def test_a_failure_undoes_the_statements_before_it(connection: PipelineConnection):
    await connection.run([(b"create temp table kept (id int)", ())])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await connection.run([(b"insert into kept values (1)", ()), (b"select 1 / 0", ())])

    assert await connection.reset()
    assert await _value(connection, b"select count(*) from kept") == b"0"


async def test_what_fails_at_the_commit_is_raised(connection: PipelineConnection):
    await connection.run(
        [
            (b"create temp table one (id int primary key)", ()),
            (b"create temp table two (id int references one initially deferred)", ()),
        ]
    )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await connection.run([(b"insert into two values (1)", ())])

    assert await _value(connection, b"select count(*) from two") == b"0"


async def test_statements_are_prepared_and_forgotten(connection: PipelineConnection):
    for number in range(250):
        query = b"select %d + $1::int" % (number // 2)
        assert await _value(connection, query, "1") == b"%d" % (number // 2 + 1)
        if number % 7 == 0:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await connection.run([(b"select 1 / 0", ()), (query, ("1",))])
    prepared = await _value(connection, b"select count(*) from pg_prepared_statements")

    assert 90 <= int(prepared or 0) <= 100


async def test_a_large_value_is_sent_while_results_are_read(connection: PipelineConnection):
    large = "x" * 5_000_000

    assert await _value(connection, b"select $1::text", large) == large.encode()


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_what_no_text_can_hold_is_refused(connection: PipelineConnection, text: str):
    with pytest.raises(psycopg.DataError):
        await _value(connection, b"select $1::text", text)

    assert await _value(connection, b"select $1::text", "after") == b"after"


async def test_a_cancelled_run_is_cancelled_in_the_server(
    connection: PipelineConnection, cluster: Cluster
):
    napping = asyncio.create_task(_value(connection, b"select 'napper', pg_sleep(60)"))
    count = (
        "select count(*) from pg_stat_activity"
        " where query like '%napper%' and pid <> pg_backend_pid()"
    )
    with psycopg.connect(cluster.dsn(), autocommit=True) as other:
        while other.execute(count).fetchone() == (0,):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)
        napping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await napping
        connection.finish()
        while other.execute(count).fetchone() != (0,):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert not connection.is_healthy()


async def test_a_session_that_the_server_ends_is_noticed(
    connection: PipelineConnection, cluster: Cluster
):
    pid = await _value(connection, b"select pg_backend_pid()")
    with psycopg.connect(cluster.dsn(), autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", (int(pid or 0),))
    while connection.is_healthy():  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.01)

    with pytest.raises(psycopg.OperationalError):
        await _value(connection, b"select 1")
