"""supabase-py's own table builder and rpc, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from postgrest import APIError, SyncPostgrestClient

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.app import RestApp
from edge.tokens import Keys, mint
from tests.support.serving import HttpServer, LoopThread

SECRET = "a-secret-of-at-least-thirty-two-characters"


@pytest.fixture
def client(cluster: Cluster, rest_database: str) -> Iterator[SyncPostgrestClient]:
    loop = LoopThread()
    app = RestApp(cluster.dsn(rest_database, user="authenticator"), keys=Keys(SECRET))
    loop.run(app.open())
    server = HttpServer(app)
    loop.run(server.start())
    headers = {"authorization": f"Bearer {mint(SECRET, 'service_role')}"}
    with SyncPostgrestClient(server.url, headers=headers) as client:
        yield client
    loop.run(server.close())
    loop.run(app.close())
    loop.close()


def test_rows_are_selected_filtered_and_counted(client: SyncPostgrestClient):
    query: Any = client.table("shows").select("title, channels(name)", count="exact")
    answer = query.in_("title", ["Morning", "Match"]).order("title").range(0, 0).execute()

    assert answer.data == [{"title": "Match", "channels": {"name": "sport"}}]
    assert answer.count == 2


def test_a_space_in_a_list_arrives_as_a_space(client: SyncPostgrestClient):
    client.table("channels").insert({"id": 5, "name": "two words"}).execute()

    answer = client.table("channels").select("id").in_("name", ["two words"]).execute()

    assert answer.data == [{"id": 5}]


def test_rows_are_inserted_in_bulk_upserted_updated_and_deleted(client: SyncPostgrestClient):
    table = client.table("channels")
    made = table.insert([{"id": 5, "name": "a"}, {"id": 6, "name": "b"}]).execute()
    merged = table.upsert({"id": 5, "name": "A"}).execute()
    changed = client.table("channels").update({"name": "B"}).eq("id", 6).execute()
    gone = client.table("channels").delete().gte("id", 5).execute()

    assert len(made.data) == 2
    assert merged.data == [{"id": 5, "name": "A"}]
    assert changed.data == [{"id": 6, "name": "B"}]
    assert len(gone.data) == 2


def test_rows_and_related_rows_are_counted_by_a_column_called_count(client: SyncPostgrestClient):
    total: Any = client.table("shows").select("count").execute()
    query: Any = client.table("channels").select("*, shows(count)").order("id")

    assert total.data == [{"count": 4}]
    assert [row["shows"] for row in query.execute().data] == [
        [{"count": 2}],
        [{"count": 1}],
        [{"count": 0}],
    ]


def test_a_change_of_every_row_is_refused(client: SyncPostgrestClient):
    with pytest.raises(APIError) as updated:
        client.table("shows").update({"views": 0}).execute()
    with pytest.raises(APIError) as deleted:
        client.table("shows").delete().execute()

    assert (updated.value.code, updated.value.message) == (
        "21000",
        "UPDATE requires a WHERE clause",
    )
    assert (deleted.value.code, deleted.value.message) == (
        "21000",
        "DELETE requires a WHERE clause",
    )


def test_a_single_row_or_an_error(client: SyncPostgrestClient):
    one: Any = client.table("channels").select("name").eq("id", 1).single().execute()
    with pytest.raises(APIError) as caught:
        client.table("channels").select("name").eq("id", 99).single().execute()

    assert one.data == {"name": "news"}
    assert caught.value.code == "PGRST116"


def test_a_row_that_may_be_missing_is_none(client: SyncPostgrestClient):
    assert client.table("channels").select("*").eq("id", 99).maybe_single().execute() is None


def test_functions_are_called(client: SyncPostgrestClient):
    total: Any = client.rpc("add", {"a": 1, "b": 2}).execute()
    rows: Any = client.rpc("search_shows", {"q": "m%"}).select("id").execute()

    assert total.data == 3
    assert rows.data == [{"id": 1}, {"id": 3}]


def test_an_error_carries_its_code_and_hint(client: SyncPostgrestClient):
    with pytest.raises(APIError) as caught:
        client.table("shows").select("titel").execute()

    assert (caught.value.code, caught.value.hint) == (
        "42703",
        'Perhaps you meant to reference the column "shows.title".',
    )
