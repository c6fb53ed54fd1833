"""Statements as anybody: what is seen, what is left, what is refused."""

from typing import Any

import psycopg
import pytest

from edge.console_api.sql.execution import Statement, run
from edge.console_api.sql.identity import Identity
from tests.integration.edge.console_api.conftest import ALICE, BOB


def as_user(sub: str) -> Identity:
    return Identity("authenticated", {"sub": sub, "role": "authenticated"})


def ask(dsn: str, query: str, identity: Identity | None = None, **options: Any) -> dict[str, Any]:
    return run(dsn, Statement(query, identity or Identity(), **options))


def texts(dsn: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute("select text from notes order by id")]


def test_a_user_sees_only_the_rows_that_policies_show(dsn: str) -> None:
    answer = ask(dsn, "select text from notes", as_user(ALICE))

    assert answer["rows"] == [["hers"]]
    assert [policy["name"] for policy in answer["policies"]] == ["own notes"]
    assert answer["policies"][0]["using"] == "(owner = auth.uid())"
    assert answer["columns"] == [{"name": "text", "type": "text"}]


def test_an_update_is_tried_and_leaves_no_trace(dsn: str) -> None:
    answer = ask(dsn, "update notes set text = 'x' returning id, text", as_user(BOB))

    assert answer["rows"] == [[2, "x"]]
    assert answer["row_count"] == 1
    assert not answer["committed"]
    assert {policy["name"] for policy in answer["policies"]} == {
        "own notes",
        "done notes are final",
    }
    assert "Rolled back" in answer["notes"][0]
    assert texts(dsn) == ["hers", "his"]


def test_an_insert_that_a_policy_refuses_says_so_and_names_it(dsn: str) -> None:
    query = f"insert into notes (owner, text) values ('{BOB}', 'forged')"

    answer = ask(dsn, query, as_user(ALICE))

    assert answer["code"] == "42501"
    assert "row-level security" in answer["message"]


def test_tables_that_no_policy_opens_are_named_although_they_show_nothing(dsn: str) -> None:
    answer = ask(dsn, "select * from secrets", as_user(ALICE))

    assert answer["rows"] == []
    assert [(table["name"], table["active"]) for table in answer["tables"]] == [("secrets", True)]
    assert "no policy lets this role in" in answer["tables"][0]["why"]


def test_what_bypasses_policies_is_said(dsn: str) -> None:
    service = ask(dsn, "select text from notes", Identity("service_role"))
    view = ask(dsn, "select text from all_notes", as_user(ALICE))
    plain = ask(dsn, "select * from colours", Identity("anon"))

    assert "bypasses" in service["tables"][0]["why"]
    assert len(view["rows"]) == 2
    assert any("all_notes with its owner" in table["why"] for table in view["tables"])
    assert "grants alone" in plain["tables"][0]["why"]


def test_functions_tables_are_named_too(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "create function count_notes() returns int language plpgsql as "
            "$$ begin return (select count(*) from public.notes); end $$"
        )

    answer = ask(dsn, "select count_notes()", as_user(ALICE))

    assert answer["rows"] == [[1]]
    assert [policy["name"] for policy in answer["policies"]] == ["own notes"]


HOSTILE = (
    "commit; delete from notes",
    "delete from notes; commit",
    "commit",
    "rollback",
    "end",
    "abort and chain",
    "do $$ begin delete from public.notes; commit; end $$",
    "do $$ begin execute 'delete from public.notes'; execute 'commit'; end $$",
    "delete from notes returning pg_terminate_backend(pg_backend_pid())",
    "prepare transaction 'kept'",
    "set session characteristics as transaction read only",
    "with gone as (delete from notes returning *) select count(*) from gone",
    "/* ; */ delete from notes -- commit;",
    "copy notes to stdout",
    "copy notes from stdin",
    "copy notes to program 'touch /tmp/x'",
    "vacuum notes",
    "drop table notes cascade",
    "truncate notes",
    "reset role",
    "set role supabase_admin",
    "set session authorization supabase_admin",
    "",
    ";",
    "select $1",
    "\0",
)


@pytest.mark.parametrize("role", ["postgres", "service_role"])
def test_no_statement_leaves_a_change(dsn: str, role: str) -> None:
    for query in HOSTILE:
        ask(dsn, query, Identity(role))

        assert texts(dsn) == ["hers", "his"], query


def test_nobody_becomes_the_superuser(dsn: str) -> None:
    query = "do $$ begin reset role; perform set_config('role', 'supabase_admin', true); end $$"

    for identity in (Identity(), as_user(ALICE), Identity("supabase_admin")):
        assert ask(dsn, query, identity)["code"] in {"42501", "22023"}


def test_transaction_control_is_refused_in_words(dsn: str) -> None:
    assert ask(dsn, "commit")["code"] == "SQL_TRANSACTION_CONTROL"
    assert "cannot insert multiple commands" in ask(dsn, "select 1; select 2")["message"]


def test_rows_bytes_and_values_are_bounded(dsn: str) -> None:
    many = ask(dsn, "select n from generate_series(1, 5000000) n")
    wide = ask(dsn, "select repeat('é', 3000) from generate_series(1, 1000)")

    assert len(many["rows"]) == 1000
    assert many["truncated"]
    assert many["row_count"] is None
    assert wide["truncated"]
    assert len(wide["rows"]) < 300
    assert wide["cut"][0] == {"row": 0, "column": 0, "bytes": 6000}
    assert wide["rows"][0][0] == "é" * 2048


def test_a_kept_change_is_whole_although_its_rows_are_not_shown(dsn: str) -> None:
    query = "insert into colours select n::text from generate_series(1, 3000) n returning name"

    answer = ask(dsn, query, write=True)

    assert answer["committed"]
    assert len(answer["rows"]) == 1000
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select count(*) from colours").fetchone() == (3002,)


def test_long_statements_end(dsn: str) -> None:
    answer = ask(dsn, "select pg_sleep(30)", timeout_ms=100)

    assert answer["code"] == "57014"
    assert "too long" in answer["hint"]


def test_numbers_keep_their_digits(dsn: str) -> None:
    query = (
        "select 1::int2, 9007199254740993::int8, 1.10::numeric, 'NaN'::float8, 0.1::float8, null, "
        "true, '{\"a\": 1}'::jsonb, '\\x00ff'::bytea, array[1,2]"
    )

    assert ask(dsn, query)["rows"] == [
        [1, "9007199254740993", "1.10", "NaN", 0.1, None, True, '{"a": 1}', "\\x00ff", "{1,2}"]
    ]


def test_errors_say_where(dsn: str) -> None:
    answer = ask(dsn, "select nothing from notes")

    assert (answer["code"], answer["position"]) == ("42703", 8)


def test_plans_are_shown_and_run_only_when_asked(dsn: str) -> None:
    planned = ask(dsn, "delete from notes", explain="plan")
    analysed = ask(dsn, "delete from notes", explain="analyze")

    assert "Delete on public.notes" in planned["rows"][0][0]
    assert "actual" in analysed["rows"][0][0]
    assert texts(dsn) == ["hers", "his"]
