"""SQL over the API: as users, rolled back, bounded, audited."""

import pytest

from tests.integration.edge.console_api.client import Console

pytestmark = [pytest.mark.e2e]


def test_see_as_shows_what_a_user_sees(console: Console) -> None:
    alice, bob = console.users
    query = f"select text from {console.table}"

    assert console.sql(query, **{"as": {"sub": alice}})["rows"] == [["row 0"]]
    assert console.sql(query, **{"as": {"sub": bob, "role": "authenticated"}})["rows"] == [
        ["row 1"]
    ]
    assert console.sql(query, **{"as": {"role": "anon"}})["rows"] == []
    assert len(console.sql(query)["rows"]) == 2


def test_a_users_token_claims_are_there(console: Console) -> None:
    alice, _ = console.users
    query = "select auth.jwt() ->> 'email', auth.jwt() ->> 'aal', auth.jwt() ->> 'team'"
    as_ = {"sub": alice, "aal": "aal2", "claims": {"team": "north"}}

    assert console.sql(query, **{"as": as_})["rows"] == [[f"{alice}@example.com", "aal2", "north"]]


def test_an_update_as_a_user_leaves_no_trace(console: Console) -> None:
    alice, _ = console.users

    answer = console.sql(f"update {console.table} set text = 'x'", **{"as": {"sub": alice}})

    assert answer["row_count"] == 1
    assert answer["policies"][0]["name"] == "own rows"
    assert console.execute(f"select count(*) from {console.table} where text = 'x'") == [(0,)]


def test_changes_are_kept_as_postgres_only_and_audited(console: Console) -> None:
    statement = f"update {console.table} set text = 'kept'"

    refused = console.sql(statement, write=True, **{"as": {"role": "service_role"}})
    kept = console.sql(statement, write=True)

    assert refused["code"] == "WRITE_AS_POSTGRES"
    assert kept["committed"]
    assert console.execute(f"select distinct text from {console.table}") == [("kept",)]
    assert console.audited(console.table) == ["sql.write"]


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": " \n"},
        {"query": "select 1\0"},
        {"query": "select 1", "as": {"sub": "nobody"}},
        {"query": "select 1", "as": {"role": 1}},
        {"query": "select 1", "timeout_ms": 0},
        {"query": "select 1", "max_rows": 10**9},
        {"query": "select 1", "unknown": 1},
        {"query": ["select 1"]},
        [],
    ],
)
def test_wrong_bodies_are_refused(console: Console, body: object) -> None:
    answer = console.request("POST", "/sql", json=body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_REQUEST"


def test_a_value_larger_than_the_process_harms_nobody(console: Console) -> None:
    answer = console.sql("select repeat('x', 300000000 + n) from generate_series(1, 1) n")

    assert answer["code"] == "SQL_TOO_LARGE" or "memory" in answer["message"]
    assert console.sql("select 1")["rows"] == [[1]]
