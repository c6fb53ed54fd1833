"""Tables over the API: what they are, pages of rows as anybody, changes, exports."""

import csv
import io
from typing import Any

import pytest

from tests.integration.edge.console_api.client import Console

pytestmark = [pytest.mark.e2e]


def pages(console: Console, **params: Any) -> list[list[Any]]:
    found: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = console.rows(cursor=cursor, **params)
        found += page["data"]
        cursor = page["next"]
    return found


def test_tables_are_listed_and_described(console: Console) -> None:
    console.execute(
        f"create table public.{console.table}_part (id int primary key,"
        f" whole int references public.{console.table})"
    )
    listed = console.get("/tables")["data"]
    table = console.get(f"/tables/public/{console.table}")
    part = console.get(f"/tables/public/{console.table}_part")
    console.execute(f"drop table public.{console.table}_part")

    mine = next(each for each in listed if each["name"] == console.table)
    assert (mine["rls"], mine["policies"], mine["kind"]) == (True, 1, "table")
    assert [each["name"] for each in table["columns"]] == ["id", "owner", "text", "weight"]
    assert table["key"] == ["id"]
    assert table["policies"][0]["using"] == "(owner = auth.uid())"
    assert table["referenced_by"][0]["table"] == f"{console.table}_part"
    assert part["references"][0]["to_table"] == console.table


def test_rows_as_somebody(console: Console) -> None:
    alice, _ = console.users

    as_alice = console.rows(sub=alice)
    as_anon = console.rows(role="anon")

    assert [row[2] for row in as_alice["data"]] == ["row 0"]
    assert as_alice["policies"][0]["name"] == "own rows"
    assert as_anon["data"] == []
    assert len(console.rows()["data"]) == 2


@pytest.mark.parametrize("order", ["", "id.desc", "weight", "weight.desc", "text.desc", "owner"])
def test_pages_hold_each_row_once(console: Console, order: str) -> None:
    console.execute(
        f"insert into {console.table} (text, weight) select 'x' || n % 3, nullif(n % 5, 0) / 3.0"
        " from generate_series(1, 40) n"
    )

    found = pages(console, order=order, limit=7)

    assert len(found) == 42
    assert len({row[0] for row in found}) == 42
    if order.startswith("weight"):
        assert [row[3] for row in found[-9:]] == [None] * 9


def test_a_million_rows_are_read_by_page(console: Console) -> None:
    console.execute(
        f"insert into {console.table} (text) select repeat('x', 20) from generate_series(1, 300000)"
    )

    first = console.rows(order="id.desc", limit=50)
    last = console.rows(order="id.desc", limit=50, filter="id.lt.20")
    plan = console.sql(
        f"select * from {console.table} where (id) < ('150000') order by id desc limit 51",
        explain="plan",
    )

    assert len(first["data"]) == 50
    assert first["next"]
    assert len(last["data"]) == 19
    assert "Index Scan Backward" in str(plan["rows"])


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"filter": "text.eq.row 0"}, 1),
        ({"filter": "text.neq.row 0"}, 1),
        ({"filter": ["id.gte.1", "id.lte.1"]}, 1),
        ({"filter": "text.contains.OW"}, 2),
        ({"filter": "text.contains.%"}, 0),
        ({"filter": "text.like.*1"}, 1),
        ({"filter": "id.in.1,2,3"}, 2),
        ({"filter": "weight.is.null"}, 2),
        ({"filter": "text.eq.'; drop table x; --"}, 0),
        ({"q": "row 1"}, 1),
        ({"q": "_ow"}, 0),
    ],
)
def test_filters(console: Console, filters: dict[str, Any], count: int) -> None:
    assert len(console.rows(**filters)["data"]) == count


@pytest.mark.parametrize(
    "params",
    [
        {"filter": "nothing.eq.1"},
        {"filter": "text"},
        {"filter": "text.is.maybe"},
        {"filter": "id.eq.x"},
        {"order": "nothing.desc"},
        {"cursor": "x"},
        {"cursor": "bnVsbA"},
        {"cursor": "W3t9XQ"},
        {"cursor": "WzEsMl0"},
        {"sub": "x"},
        {"role": "supabase_admin"},
    ],
)
def test_wrong_queries_are_refused(console: Console, params: dict[str, str]) -> None:
    answer = console.request("GET", f"/tables/public/{console.table}/rows", params=params)

    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize("name", ["nothing", "a;b", "pg_class", "x%00y"])
def test_unknown_tables_are_not_found(console: Console, name: str) -> None:
    for schema in ("public", "pg_catalog"):
        assert console.request("GET", f"/tables/{schema}/{name}/rows").status_code == 404


def test_a_row_is_added_changed_and_deleted(console: Console) -> None:
    path = f"/tables/public/{console.table}/rows"
    added = console.request("POST", path, json={"values": {"text": "new", "weight": 1.5}}).json()
    key = {"id": added["rows"][0][0]}
    change = {"key": key, "values": {"text": None}, "was": {"text": "new"}}

    changed = console.request("PATCH", path, json=change)
    stale = console.request("PATCH", path, json=change)
    whole = console.request("DELETE", path, json={"key": {}})
    deleted = console.request("DELETE", path, json={"key": key})

    assert changed.json()["rows"][0][2] is None
    assert (stale.status_code, stale.json()["code"]) == (409, "ROW_CHANGED")
    assert whole.status_code == 400
    assert deleted.status_code == 200
    assert len(console.rows()["data"]) == 2
    assert sorted(set(console.audited(console.table))) == ["row.add", "row.change", "row.delete"]


def test_tables_without_a_key_and_views_are_read_too(console: Console) -> None:
    console.execute(
        f"create table {console.table}_heap as"
        " select n, 'v' || n as v from generate_series(1, 20) n;"
        f"create view {console.table}_view as select * from {console.table}_heap"
    )
    try:
        for name in ("heap", "view"):
            whole = Console(console.stack, f"{console.table}_{name}")
            found = pages(whole, limit=6)
            assert sorted(int(row[0]) for row in found) == list(range(1, 21))
        key = Console(console.stack, f"{console.table}_heap").rows()["keys"][0]
        change = {"key": key, "values": {"v": "changed"}}
        path = f"/tables/public/{console.table}_heap/rows"
        assert console.request("PATCH", path, json=change).status_code == 200
    finally:
        console.execute(f"drop table {console.table}_heap cascade")


def test_exports_are_whole_and_as_somebody(console: Console) -> None:
    alice, _ = console.users
    console.execute(
        f"insert into {console.table} (owner, text) select '{alice}', 'a \"b\", ' || n"
        " from generate_series(1, 5000) n"
    )
    path = f"/tables/public/{console.table}/rows.csv"

    answer = console.request("GET", path, params={"sub": alice, "order": "id"})
    rows = list(csv.reader(io.StringIO(answer.text)))
    refused = console.request("GET", path, params={"filter": "id.eq.x"})

    assert rows[0] == ["id", "owner", "text", "weight"]
    assert len(rows) == 5002
    assert rows[-1][2] == 'a "b", 5000'
    assert refused.status_code == 400
