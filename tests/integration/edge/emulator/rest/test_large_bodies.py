"""Large bodies: read only with the right to write, parsed elsewhere, answered as small ones are."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest import body
from edge.emulator.rest.arriving import ArrivingBytes
from edge.emulator.rest.config import RestConfig
from tests.support.data_api import Rest, opened
from tests.support.waiting import PATIENCE

CSV = {"content-type": "text/csv"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
FILLER = 'é\\"\n' * 60_000


def _rows(count: int, **more: Any) -> bytes:
    rows = [{"title": f't{number}, "x"\n', "views": number, **more} for number in range(count)]
    return json.dumps(rows).encode()


def _csv(count: int) -> bytes:
    lines = [f'"t{number}, ""x""\né",{number},"{{""a"": 1}}"' for number in range(count)]
    return "\r\n".join(["title,views,meta", *lines]).encode()


@pytest.fixture(params=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the same body count as a small or as a large one."""
    limit = 50_000_000 if request.param == "small" else 10
    monkeypatch.setattr(body, "_SMALL", limit)
    monkeypatch.setattr(body, "_SMALL_TEXT", limit)
    return request.param


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(cluster: Cluster, rest_template: str) -> AsyncIterator[Rest]:
    cluster.create_database("rest_bodies", template=rest_template)
    async with opened(cluster, "rest_bodies", RestConfig()) as rest:
        rest.execute("create schema kept; create table kept.shows as table public.shows")
        yield rest
    cluster.drop_database("rest_bodies")


@pytest.fixture
def restored(kept: Rest) -> Rest:
    """One API for all bodies, with the same rows for each."""
    kept.execute(
        "truncate shows restart identity cascade; delete from labels where id > 3; "
        "insert into shows (title, meta, views)"
        " select title, meta, views from kept.shows order by id"
    )
    return kept


@pytest.mark.parametrize(
    ("method", "url", "headers", "content", "status"),
    [
        ("POST", "/shows?select=title,views", {}, _rows(3), 201),
        ("POST", "/shows?select=title,views", {}, b' {"title": "one", "views": 2} ', 201),
        ("POST", "/shows?select=title", {}, b'[{"title": "one"}, {"views": 2}]', 400),
        ("POST", "/shows?select=title", {}, b'[{"title": "one"}, {"title": 1, "views": 2}]', 400),
        ("POST", "/shows", {}, b'[{"title":"a","views":1},{"views":2,"title":""}]', 201),
        ("POST", "/shows?select=title", {}, b'[{"title": "one"}, 17, 18]', 400),
        ("POST", "/shows?select=title", {}, b"[1, 2, 3, 4, 5, 6, 7, 8]", 400),
        ("POST", "/shows?select=title", {}, b'{"title": "one"             ', 400),
        ("POST", "/shows?select=title", {}, b'[{"title": "one"}, NaN]       ', 400),
        ("POST", "/shows?select=title", {}, b'{"title": "\xff"}            ', 400),
        ("POST", "/shows?select=title", {}, b"[" * 100_000, 400),
        ("POST", "/shows?select=title", {}, b"[                           ]", 201),
        ("POST", "/shows?select=title", {}, b'{"no such column": "            "}', 400),
        ("POST", "/shows?select=title,views&columns=title", {}, _rows(2), 201),
        ("PATCH", "/shows?id=eq.1&select=title", {}, b'{"title": "changed            "}', 200),
        ("PUT", "/labels?id=eq.7", {}, b'{"id": 7, "label": "seven            "}', 201),
        ("POST", "/shows?select=title,views,meta", CSV, _csv(3), 201),
        ("POST", "/shows?select=title", CSV, b"title,views\r\n", 201),
        ("POST", "/shows?select=title", CSV, b"title,views\none\n", 400),
        ("POST", "/shows?select=title", CSV, b'title,views\n"one', 400),
        ("POST", "/shows?select=title", CSV, b"title,views\n\xff,1", 400),
        ("POST", "/shows?select=title", CSV, b"title,views\na,b\n", 400),
        ("POST", "/shows?select=title", FORM, b"title=a+b&views=7&title=c%20d", 201),
        ("POST", "/shows?select=title", FORM, b"title=%ff&views=7             ", 400),
        ("POST", "/rpc/add", {}, b'{"a": 1,         "b": 2}', 200),
        ("POST", "/rpc/echo", {}, b'{"a": [1, 2, {"b": null}]}', 200),
        ("POST", "/rpc/add", FORM, b"a=1&b=000000000000000002", 200),
        ("POST", "/rpc/absent", {}, b'{"a": 1,         "b": 2}', 404),
        ("POST", "/absent", {}, b'{"a": 1,         "b": 2}', 404),
        ("POST", "/secrets", {}, b'{"id": 1                }', 401),
        ("DELETE", "/shows?id=eq.99", {}, b'{"id": 1                }', 200),
    ],
)  # fmt: skip
@pytest.mark.asyncio(loop_scope="session")
async def test_a_body_is_answered_alike_whatever_its_size(
    restored: Rest, size: str, method: str, url: str, headers: Any, content: bytes, status: int
):
    headers = {"prefer": "return=representation", "content-type": "application/json"} | headers
    answer = await restored(method, url, content=content, headers=headers)
    again = restored.execute("select title, views, meta from shows order by id")

    assert answer.status_code == status
    expected = _answers.setdefault((method, url, content), (answer.text, again))
    assert (answer.text, again) == expected


_answers: dict[Any, Any] = {}


async def test_a_single_large_value_is_stored(rest: Any):
    answer = await rest("POST", "/shows", json={"title": FILLER, "views": 1})
    stored = rest.execute("select title from shows where views = 1")

    assert (answer.status_code, stored) == (201, [(FILLER,)])


@pytest.mark.parametrize(
    ("method", "url", "message"),
    [
        ("POST", "/secrets", "permission denied for table secrets"),
        ("PATCH", "/secrets?id=eq.1", "permission denied for table secrets"),
        ("PUT", "/secrets?id=eq.1", "permission denied for table secrets"),
        ("POST", "/rpc/hidden", "permission denied for function hidden"),
    ],
)
async def test_without_rights_a_large_body_is_refused_before_it_is_read(
    rest: Any, method: str, url: str, message: str
):
    rest.execute("create function hidden(a int) returns int language sql return a")
    rest.execute("revoke execute on function hidden from public, anon")
    await rest.app.reload()
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while len(sent) < 100:
            sent.append(1)
            yield b"{" * 10_000

    answer = await rest(method, url, content=endless())

    assert (answer.status_code, answer.json()["message"]) == (401, message)
    assert len(sent) < 20


@pytest.mark.parametrize(
    ("headers", "content"), [({}, b"[" + b"{}," * 30 + b"{}]"), (CSV, b"views\n" + b"1\n" * 31)]
)
async def test_too_many_rows_are_refused(
    rest: Any, headers: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(body, "_SMALL", 10)
    monkeypatch.setattr(body, "_SMALL_TEXT", 10)
    monkeypatch.setattr(body, "MAX_ROWS", 30)
    answer = await rest("POST", "/shows", content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "EDGE_TOO_MANY_ROWS")


async def test_a_table_of_many_empty_cells_stays_small(rest: Any):
    content = b"title,views\n" + b",\n" * 400_000
    answer = await rest("POST", "/shows", content=content, headers=CSV)

    assert (answer.status_code, answer.json()["code"]) == (400, "22P02")


@pytest.mark.parametrize(
    "content", [b'{"title": "' + b"x" * 100_000 + b'"}', b"[" + b"{}," * 15_000 + b"{}]"]
)
async def test_only_some_large_bodies_are_read_at_once(
    rest: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(body, "_SLOT_SECONDS", 0.01)
    monkeypatch.setattr(rest.app._bodies, "_slots", body.asyncio.Semaphore(0))
    answer = await rest("POST", "/shows", content=content)

    assert (answer.status_code, answer.json()["code"]) == (503, "EDGE_TOO_MANY_BODIES")


async def test_bodies_that_do_not_come_hold_up_no_other(rest: Any):
    async def half() -> AsyncIterator[bytes]:
        yield b'{"title": "' + b"x" * 100_000
        await asyncio.sleep(PATIENCE)

    sending = [asyncio.create_task(rest("POST", "/shows", content=half())) for _ in range(8)]
    await asyncio.sleep(0.1)
    answer = await rest("POST", "/shows", json={"title": "x" * 100_000})

    assert answer.status_code == 201
    assert not any(each.done() for each in sending)
    for each in sending:
        each.cancel()
    await asyncio.gather(*sending, return_exceptions=True)


@pytest.mark.parametrize(("most", "most_each"), [(1_000, 300), (300, 1_000)])
async def test_bytes_that_wait_are_bounded_and_given_back(rest: Any, most: int, most_each: int):
    rest.app._bodies._arriving = ArrivingBytes(most * 1_000, most_each * 1_000)
    too_much = await rest("POST", "/shows", json={"title": "x" * 400_000})
    answers = [await rest("POST", "/shows", json={"title": "x" * 200_000}) for _ in range(3)]

    assert (too_much.status_code, too_much.json()["code"]) == (503, "EDGE_TOO_MANY_BODIES")
    assert [answer.status_code for answer in answers] == [201] * 3


async def test_a_form_of_many_fields_is_refused(rest: Any):
    answer: httpx.Response = await rest("POST", "/shows", content=b"a&" * 30_000, headers=FORM)

    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")
