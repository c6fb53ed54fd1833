"""Events over a connection to Postgres itself, and when the data API has to be asked instead."""

from collections.abc import AsyncGenerator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from edge.emulator.postgres.cluster import Cluster
from shared.telephony.errors import NotStoredError, RefusedError
from shared.telephony.postgres import DirectPostgres, DirectUnavailableError
from shared.telephony.retell import parse_event
from shared.telephony.store import render_event
from tests.support.call_factory import Dialled, dial
from tests.support.organization import Organization, rows, scalar

pytestmark = pytest.mark.process


@pytest.fixture
def dialled(organization: Organization) -> Dialled:
    return dial(organization, organization.add_campaign())


@pytest.fixture
async def direct(cluster: Cluster, database: str) -> AsyncGenerator[DirectPostgres]:
    postgres = DirectPostgres(cluster.dsn(database, user="postgres"))
    yield postgres
    await postgres.close()


def events(*documents: dict[str, Any], event: str = "call_started") -> bytes:
    return b"[%b]" % b",".join(render_event(parse_event(event, call)) for call in documents)


def backends(connection: psycopg.Connection) -> list[int]:
    found = rows(
        connection,
        "select pid from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and backend_type = 'client backend'",
    )
    return [row["pid"] for row in found]


async def test_events_are_applied_on_one_connection(
    direct: DirectPostgres, dialled: Dialled
) -> None:
    [first] = await direct.apply(events(dialled.document()))
    seen = backends(dialled.connection)
    [again] = await direct.apply(events(dialled.document()))

    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert dialled.call["status"] == "in_progress"
    assert len(seen) == 1
    assert backends(dialled.connection) == seen


async def test_what_postgres_refuses_is_told_by_its_code(
    direct: DirectPostgres, dialled: Dialled
) -> None:
    with pytest.raises(RefusedError) as unstorable:
        await direct.apply(events(dialled.document(transcript="\0")))
    with pytest.raises(RefusedError) as bad:
        await direct.apply(events({}))
    [answer] = await direct.apply(events(dialled.document()))

    assert (unstorable.value.code, bad.value.code) == ("22P05", "PT400")
    assert answer["duplicate"] is False


async def test_a_connection_that_was_ended_is_replaced(
    direct: DirectPostgres, dialled: Dialled
) -> None:
    await direct.apply(events(dialled.document()))
    before = backends(dialled.connection)
    for pid in before:
        scalar(dialled.connection, "select pg_terminate_backend(%s, 5000)", (pid,))

    with pytest.raises(DirectUnavailableError):
        await direct.apply(events(dialled.document()))
    [answer] = await direct.apply(events(dialled.document()))

    assert answer["duplicate"] is True
    assert not set(backends(dialled.connection)) & set(before)


async def test_a_way_that_leads_nowhere_is_left_alone_for_a_while(
    direct: DirectPostgres, dialled: Dialled
) -> None:
    now = [0.0]
    direct.clock = lambda: now[0]
    url, direct.url = direct.url, "host=/nowhere"
    with pytest.raises(DirectUnavailableError):
        await direct.apply(events(dialled.document()))
    direct.url = url

    now[0] = 29.0
    with pytest.raises(DirectUnavailableError):
        await direct.apply(events(dialled.document()))
    now[0] = 30.0
    [answer] = await direct.apply(events(dialled.document()))

    assert answer["duplicate"] is False


async def test_who_may_not_apply_events_takes_the_other_way(
    cluster: Cluster, database: str, direct: DirectPostgres, dialled: Dialled
) -> None:
    role = f"reader_of_{database}"
    dialled.connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    try:
        direct.url = cluster.dsn(database, user=role)
        with pytest.raises(DirectUnavailableError):
            await direct.apply(events(dialled.document()))
    finally:
        await direct.close()
        dialled.connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


async def test_an_answer_that_does_not_come_is_not_waited_for(
    direct: DirectPostgres, dialled: Dialled
) -> None:
    direct.answer_seconds = 0.3
    with dialled.connection.transaction():
        dialled.connection.execute("lock table public.calls")
        with pytest.raises(NotStoredError):
            await direct.apply(events(dialled.document()))
    direct.answer_seconds = 30.0

    [answer] = await direct.apply(events(dialled.document()))
    assert dialled.call["status"] == "in_progress"
    assert answer["applied"] is not answer["duplicate"]
