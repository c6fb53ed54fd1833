"""Failures: the code, the status, and nothing left behind."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edge.emulator.rest.config import RestConfig
from tests.support.waiting import PATIENCE

in_session = pytest.mark.asyncio(loop_scope="session")
USER_ONE = "00000000-0000-4000-8000-000000000001"
USER_TWO = "00000000-0000-4000-8000-000000000002"


async def _eventually(is_so: Callable[[], Awaitable[bool]]) -> bool:
    """Ask again and again until it is so, for at most the deadline."""
    end = time.monotonic() + PATIENCE
    while not (so := await is_so()) and time.monotonic() < end:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.02)
    return so


async def _is_found(rest: Any, url: str) -> bool:
    return (await rest("GET", url)).status_code == 200


async def _is_cut(rest: Any) -> bool:
    return bool(
        rest.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like '%nap%'"
            " and usename = 'authenticator' and datname = current_database()"
        )
    )


@in_session
@pytest.mark.parametrize(
    ("method", "url", "body", "status", "code"),
    [
        ("POST", "/labels", {"id": 1, "label": "x"}, 409, "23505"),
        ("POST", "/shows", {"title": "x", "channel_id": 99}, 409, "23503"),
        ("POST", "/shows", {"title": None}, 400, "23502"),
        ("POST", "/shows", {"nope": 1}, 400, "PGRST204"),
        ("GET", "/shows?id=eq.abc", None, 400, "22P02"),
        ("GET", "/shows?title=eq.%00", None, 400, "22021"),
        ("POST", "/shows", {"title": "\x00"}, 400, "22P05"),
        ("GET", "/nowhere", None, 404, "PGRST205"),
        ("GET", "/secrets", None, 401, "42501"),
        ("POST", "/rpc/fail", {"kind": "plain"}, 400, "P0001"),
        ("POST", "/rpc/fail", {"kind": "payment"}, 402, "PT402"),
        ("POST", "/rpc/fail", {"kind": "whole"}, 402, "123"),
        ("POST", "/rpc/fail", {"kind": "broken"}, 500, "PGRST121"),
        ("POST", "/rpc/fail", {"kind": "disk"}, 503, "53100"),
        ("PUT", "/rpc/fail", None, 405, "PGRST101"),
        ("POST", "/rpc/fail", {"kind": "split"}, 500, "PGRST121"),
        ("POST", "/rpc/fail", {"kind": "announced"}, 500, "PGRST121"),
        ("POST", "/rpc/fail", {"kind": "early"}, 500, "PT100"),
        ("GET", "/shows?select=meta->%00", None, 400, "22021"),
    ],
)
async def test_a_failure_has_its_code_and_status(
    rolled_back: Any, method: str, url: str, body: Any, status: int, code: str
):
    answer = await rolled_back(method, url, json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"code", "details", "hint", "message"}
    assert answer.headers["proxy-status"] == f"PostgREST; error={code}"


@in_session
async def test_a_raised_error_keeps_its_texts(rolled_back: Any):
    answer = await rolled_back("POST", "/rpc/fail", json={"kind": "plain"})

    assert answer.json() == {
        "code": "P0001",
        "details": "because",
        "hint": "ask",
        "message": "no",
    }


@in_session
async def test_a_function_can_write_the_whole_error(rolled_back: Any):
    answer = await rolled_back("POST", "/rpc/fail", json={"kind": "whole"})

    assert answer.headers["x-why"] == "quota"
    assert answer.json() == {"code": "123", "details": None, "hint": "soon", "message": "Pay"}


@in_session
@pytest.mark.parametrize(
    ("content", "code"),
    [(b"{", "PGRST102"), (b'{"title":"\xff"}', "PGRST102"), (b"", "PGRST102")],
)
async def test_a_broken_body_is_400(rolled_back: Any, content: bytes, code: str):
    answer = await rolled_back("POST", "/shows", content=content)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@in_session
@pytest.mark.parametrize(("url", "code"), [("/shows", "PGRST204"), ("/rpc/add", "PGRST202")])
async def test_a_name_that_is_no_text_is_unknown(rolled_back: Any, url: str, code: str):
    answer = await rolled_back("POST", url, content=b'{"\\ud83d": 1}')

    assert answer.json()["code"] == code


@in_session
async def test_unparsed_bytes_are_refused_by_postgres(rolled_back: Any):
    answer = await rolled_back("POST", "/shows?columns=title", content=b'{"title":"\x00"}')

    assert (answer.status_code, answer.json()["code"]) == (400, "22021")


@in_session
async def test_missing_privileges_are_403_for_a_user_and_401_anonymously(
    rolled_back: Any, role_headers: Any
):
    authenticated = await rolled_back("GET", "/secrets", headers=role_headers("authenticated"))
    anonymous = await rolled_back("GET", "/secrets")

    assert (authenticated.status_code, anonymous.status_code) == (403, 401)
    assert anonymous.headers["www-authenticate"] == "Bearer"


@in_session
async def test_a_role_that_does_not_exist_is_401(rolled_back: Any, role_headers: Any):
    answer = await rolled_back("GET", "/shows", headers=role_headers("nosuch"))

    assert (answer.status_code, answer.json()["message"]) == (401, 'role "nosuch" does not exist')


@in_session
async def test_a_role_the_api_may_not_become_is_403(rolled_back: Any, role_headers: Any):
    answer = await rolled_back("GET", "/shows", headers=role_headers("postgres"))

    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


async def test_policies_decide_who_sees_a_row(rest: Any, role_headers: Any):
    one, two = (
        role_headers("authenticated", sub=USER_ONE),
        role_headers("authenticated", sub=USER_TWO),
    )
    made = await rest("POST", "/notes", json={"id": 1, "body": "mine"}, headers=one)
    stolen = await rest(
        "POST", "/notes", json={"id": 2, "body": "x", "owner": USER_ONE}, headers=two
    )
    seen = [
        len((await rest("GET", "/notes", headers=headers)).json())
        for headers in (one, two, {}, role_headers("service_role"))
    ]

    assert (made.status_code, stolen.status_code) == (201, 403)
    assert seen == [1, 0, 0, 1]


async def test_a_table_made_after_the_start_is_found(rest: Any):
    rest.execute("create table fresh (id int)")
    rest.execute("grant select on fresh to anon")

    assert (await rest("GET", "/fresh")).json() == []


async def test_a_column_made_after_the_start_is_found(rest: Any):
    rest.execute("alter table labels add colour text default 'red'")

    answer = await rest("GET", "/labels?select=colour&id=eq.1")

    assert answer.json() == [{"colour": "red"}]


async def test_a_notification_reloads_the_schema(rest: Any):
    rest.execute("create table fresh (id int, channel_id int)")
    rest.execute("grant select on fresh to anon")
    await rest("GET", "/fresh")
    rest.execute("alter table fresh add foreign key (channel_id) references channels")
    rest.execute("notify pgrst, 'reload schema'")

    assert await _eventually(lambda: _is_found(rest, "/fresh?select=channels(name)"))


async def test_many_requests_at_once_share_the_connections(rest: Any):
    answers = await asyncio.gather(*(rest("GET", "/shows?select=id") for _ in range(60)))

    assert {len(answer.json()) for answer in answers} == {4}


async def test_a_cut_connection_is_replaced(rest: Any):
    await rest("GET", "/shows")
    rest.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'edge-rest' and datname = current_database()"
    )
    await asyncio.sleep(0.05)

    assert (await rest("GET", "/shows")).status_code == 200


async def test_a_connection_cut_in_mid_statement_is_503(rest: Any):
    sleeping = asyncio.create_task(rest("POST", "/rpc/nap", json={"seconds": 30}))

    assert await _eventually(lambda: _is_cut(rest))
    answer = await sleeping

    assert (answer.status_code, answer.json()["code"]) == (503, "PGRST001")
    assert (await rest("GET", "/shows")).status_code == 200


async def test_a_client_that_leaves_ends_its_statement(rest: Any):
    """Called as a server would, with the client's departure reported after half a second."""
    sent: list[Any] = []
    asked = [{"type": "http.request", "body": b'{"seconds":30}'}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        await asyncio.sleep(0.5)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    request = {"type": "http", "method": "POST", "path": "/rpc/nap"}
    async with asyncio.timeout(PATIENCE):
        await rest.app(request | {"query_string": b"", "headers": []}, receive, send)

    assert sent == []
    assert not rest.execute(
        "select 1 from pg_stat_activity where query like '%nap%' and state = 'active'"
        " and usename = 'authenticator' and datname = current_database()"
    )


@pytest.mark.parametrize("rest_config", [RestConfig(max_body=100)])
async def test_a_body_over_the_limit_is_413(rest: Any):
    answer = await rest("POST", "/channels", json={"id": 1, "name": "x" * 200})

    assert (answer.status_code, answer.json()["code"]) == (413, "EDGE_BODY_TOO_LARGE")


@pytest.mark.parametrize("rest_config", [RestConfig(max_rows=2)])
async def test_a_row_limit_bounds_every_answer(rest: Any):
    answer = await rest("GET", "/shows?select=id&limit=50", headers={"prefer": "count=exact"})

    assert (len(answer.json()), answer.headers["content-range"]) == (2, "0-1/4")


@pytest.mark.parametrize("rest_config", [RestConfig(pre_request="public.write_show")])
async def test_the_pre_request_runs_in_the_same_transaction(rest: Any):
    read = await rest("GET", "/shows")
    written = await rest("POST", "/channels", json={"id": 9, "name": "n"})

    assert (read.status_code, written.status_code) == (405, 201)
    assert rest.execute("select count(*) from shows where title = 'written'") == [(1,)]
