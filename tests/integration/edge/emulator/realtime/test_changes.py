"""postgres_changes: what was committed after SUBSCRIBED arrives, in order, to who may see it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from edge.emulator.realtime.service import RealtimeService
from tests.integration.edge.emulator.realtime.conftest import Connect
from tests.support.realtime_service import ANN, BOB, Client, user_token

SCHEMA = """
create table public.notes (
  id int primary key, owner uuid, body text, price numeric, tags text[], at timestamptz
);
alter table public.notes enable row level security;
create policy "own" on public.notes for select to authenticated using (owner = auth.uid());
create table public.open (id int primary key, name text);
create table public.hidden (id int primary key);
alter publication supabase_realtime add table public.notes, public.open;
grant all on public.notes, public.open to anon, authenticated, service_role;
"""


@pytest.fixture
def database_connection(service: RealtimeService) -> Iterator[psycopg.Connection]:
    with psycopg.connect(service.dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
        yield connection


async def watch(client: Client, token: str, *entries: dict[str, Any]) -> None:
    """Join and wait until changes are read."""
    reply = await client.join("changes", token, postgres_changes=list(entries))
    assert reply["status"] == "ok"
    shown = reply["response"]["postgres_changes"]
    assert [{key: value for key, value in each.items() if key != "id"} for each in shown] == list(
        entries
    )
    assert (await client.event("system"))["message"] == "Subscribed to PostgreSQL"


ALL = {"event": "*", "schema": "public", "table": "open"}


async def test_inserts_updates_and_deletes_in_the_order_of_commits(
    open_socket: Connect, database_connection: psycopg.Connection
) -> None:
    client = await open_socket()
    await watch(client, user_token(None), ALL)
    with database_connection.transaction():
        for number in range(20):
            database_connection.execute("insert into public.open values (%s, 'a')", (number,))
    database_connection.execute("update public.open set name = 'b' where id = 3")
    database_connection.execute("delete from public.open where id = 4")
    seen = [(await client.event("postgres_changes"))["data"] for _ in range(22)]

    assert [each["record"]["id"] for each in seen[:20]] == list(range(20))
    assert (seen[20]["type"], seen[20]["record"], seen[20]["old_record"]) == (
        "UPDATE",
        {"id": 3, "name": "b"},
        {"id": 3},
    )
    assert (seen[21]["type"], seen[21]["old_record"]) == ("DELETE", {"id": 4})
    assert seen[0]["columns"] == [{"name": "id", "type": "int4"}, {"name": "name", "type": "text"}]


async def test_rows_go_to_who_may_select_them(
    open_socket: Connect, database_connection: psycopg.Connection
) -> None:
    notes = {"event": "*", "schema": "public", "table": "notes"}
    ann, bob, anon = await open_socket(), await open_socket(), await open_socket()
    for client, user in ((ann, ANN), (bob, BOB), (anon, None)):
        await watch(client, user_token(user), notes)
    database_connection.execute(
        "insert into public.notes values (1, %s, 'a', 1.50, '{x,y}', '2026-01-02 03:04:05+00')",
        (ANN,),
    )
    record = (await ann.event("postgres_changes"))["data"]["record"]
    database_connection.execute("delete from public.notes")
    removed = (await bob.event("postgres_changes"))["data"]

    assert record == {
        "id": 1,
        "owner": ANN,
        "body": "a",
        "price": 1.5,
        "tags": ["x", "y"],
        "at": "2026-01-02T03:04:05+00:00",
    }
    assert (removed["type"], removed["old_record"]) == ("DELETE", {"id": 1})


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("id=eq.2", [2]),
        ("id=neq.2", [1, 3]),
        ("id=in.(1,3)", [1, 3]),
        ("id=gte.2", [2, 3]),
        ("name=like.b%", [2]),
        ("name=is.null", [3]),
        ("name=not.eq.a", [2]),
        ('name=eq."a"', [1]),
        ("id=gt.1,name=eq.b", [2]),
    ],
)
async def test_filters(
    open_socket: Connect,
    database_connection: psycopg.Connection,
    condition: str,
    matches: list[int],
) -> None:
    client = await open_socket()
    await watch(client, user_token(None), {**ALL, "filter": condition})
    database_connection.execute("insert into public.open values (1, 'a'), (2, 'b'), (3, null)")
    seen = [
        (await client.event("postgres_changes"))["data"]["record"]["id"]
        for _ in range(len(matches))
    ]

    assert seen == matches


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({**ALL, "table": "hidden"}, "Please check Realtime is enabled"),
        ({**ALL, "filter": "nothing=eq.1"}, "invalid column for filter nothing"),
        ({**ALL, "filter": "id=eq.x"}, "invalid input syntax for type integer"),
        ({**ALL, "filter": "foo.hey"}, "Error parsing `filter` params"),
        ({"event": "*"}, "No subscription params provided"),
    ],
)
async def test_a_subscription_that_cannot_be_is_told_and_the_channel_stays(
    open_socket: Connect,
    database_connection: psycopg.Connection,
    entry: dict[str, Any],
    text: str,
) -> None:
    client = await open_socket()
    reply = await client.join("changes", postgres_changes=[entry])
    told = await client.event("system")

    assert (reply["status"], told["status"]) == ("ok", "error")
    assert text in told["message"]
    assert database_connection.info.dbname


async def test_selected_columns_and_the_key_are_sent(
    open_socket: Connect, database_connection: psycopg.Connection
) -> None:
    client = await open_socket()
    await watch(client, user_token(None), {**ALL, "select": ["name"]})
    database_connection.execute("alter table public.open add column secret text default 's'")
    database_connection.execute("insert into public.open values (1, 'a')")

    assert (await client.event("postgres_changes"))["data"]["record"] == {"id": 1, "name": "a"}
