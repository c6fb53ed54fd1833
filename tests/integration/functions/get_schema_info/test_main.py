"""The schema and queries through HTTP, on the whole stack."""

from typing import Any

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.media_users import create_media_user

pytestmark = pytest.mark.e2e

SLUG = "get-schema-info"


def query(stack: RunningStack, text: str, **more: Any) -> httpx.Response:
    return stack.call(SLUG, {"action": "query", "query": text, **more})


def test_an_admin_sees_the_catalogue(stack: RunningStack) -> None:
    shown = create_media_user(stack, role="admin").call_without_body(SLUG).json()

    jobs = next(table for table in shown["tables"] if table["name"] == "jobs")
    status = next(column for column in jobs["columns"] if column["name"] == "status")
    assert jobs["primary_key"] == ["id"]
    assert jobs["row_security"] is True
    assert status["type"] == "text"
    assert "auth.users" in {each["references"] for each in jobs["relationships"]}
    assert "workspace-temp" in {bucket["id"] for bucket in shown["buckets"]}
    assert shown["timestamp"]


def test_others_see_nothing(stack: RunningStack) -> None:
    for action in ({}, {"action": "query", "query": "select 1"}):
        assert create_media_user(stack).call(SLUG, action).status_code == 403
        assert stack.call(SLUG, action, stack.anon_key).status_code == 401


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("select 1 as one", [{"one": 1}]),
        ("select 1 as one; ", [{"one": 1}]),
        ("select 1 as one -- a remark", [{"one": 1}]),
        ("with a as (select 2 as two) select two from a", [{"two": 2}]),
        ("values (1)", [{"column1": 1}]),
        ("select count(*) > 11 as many from prompt_templates", [{"many": True}]),
        ("select current_user::text as me", [{"me": "schema_reader"}]),
        ("select 1 as one where false", []),
    ],
)
def test_a_query_reads(stack: RunningStack, text: str, data: list[Any]) -> None:
    answer = query(stack, text)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["data"], answer.json()["truncated"]) == (data, False)


@pytest.mark.parametrize(
    "text",
    [
        "delete from prompt_templates",
        "with gone as (delete from prompt_templates returning 1) select * from gone",
        "select 1) as q; delete from prompt_templates; select * from (select 1",
        "select 1; drop table jobs",
        "select * from auth.users",
        "select * from jobs",
        "select * from storage.objects",
        "select * from media.prompt_revision",
        "select set_config('role', 'service_role', true)",
        "select set_config('transaction_read_only', 'off', true)",
        "select public.save_prompt_snapshot_v1('{}')",
        "select * from pg_read_file('/etc/passwd') as f",
        "select rolpassword from pg_authid",
        "select query_to_xml('select * from auth.users', true, true, '')::text",
        "select lo_create(0)",
        "select nextval('x')",
        "copy prompt_templates to '/tmp/x'",
        "set role service_role",
        "selec 1",
        "))",
    ],
)
def test_a_query_can_do_nothing_else(stack: RunningStack, text: str) -> None:
    answer = query(stack, text)

    assert (answer.status_code, answer.json()["code"]) == (400, "QUERY_FAILED")
    assert query(stack, "select count(*) > 11 as many from prompt_templates").json()["data"] == [
        {"many": True}
    ]


def test_a_query_has_bounds(stack: RunningStack) -> None:
    few = query(stack, "select n from generate_series(1, 100000) n", limit=3).json()
    wide = query(stack, "select repeat('x', 400000) as x from generate_series(1, 9)").json()
    slow = query(stack, "select pg_sleep(60)")

    assert (few["data"], few["truncated"]) == ([{"n": 1}, {"n": 2}, {"n": 3}], True)
    assert (len(wide["data"]), wide["truncated"]) == (2, True)
    assert (slow.status_code, slow.json()["code"]) == (504, "DATABASE_TIMEOUT")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "query"}, "QUERY_MISSING"),
        ({"action": "query", "query": " ; "}, "QUERY_MISSING"),
        ({"action": "drop"}, "INVALID_BODY"),
        ({"action": "query", "query": "select 1", "limit": 1001}, "INVALID_BODY"),
        ({"action": "query", "query": "x" * 100_000}, "INVALID_BODY"),
    ],
)
def test_a_wrong_body_is_refused(stack: RunningStack, body: object, code: str) -> None:
    answer = stack.call(SLUG, body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
