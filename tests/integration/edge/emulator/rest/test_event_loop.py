"""Whatever a request holds, the event loop that answers others is busy for a short time only."""

import json
from typing import Any

import pytest

from tests.support.loop_time import longest_step

JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
MANY_KEYS = json.dumps({f"key{number}": 1 for number in range(300_000)}).encode()
LIMIT = 0.02
COLUMNS = ", ".join(f"column{number} int default 5" for number in range(40))
QUOTES = {"cookie": 'a="' + '\\"' * 15_000 + '"'}


# Each asks for too much in its own way.
QUERIES = {
    "select": "select=" + ",".join(["id"] * 20_000),
    "or": "or=(" + ",".join(["id.eq.1"] * 6_000) + ")",
    "filters": "&".join(["id=eq.1"] * 7_000),
    "names": "&".join(f"n{number}=eq.1" for number in range(5_000)),
    "in": "id=in.(" + ",".join(["1"] * 30_000) + ")",
    "order": "order=" + ",".join(["id.asc"] * 8_000),
    "columns": "columns=" + ",".join(f"c{number}" for number in range(9_000)),
}
HEADERS = {
    "prefer": {"prefer": "," * 60_000},
    "accept": {"accept": ",".join(["application/json;q=0.1"] * 2_600)},
}


@pytest.mark.parametrize(
    ("method", "url", "headers", "content", "status"),
    [
        ("POST", "/shows", JSON, MANY_KEYS, 400),
        ("POST", "/rpc/add", JSON, MANY_KEYS, 404),
        ("POST", "/rpc/echo", JSON, MANY_KEYS, 200),
        ("GET", "/shows?select=id", QUOTES, b"", 200),
        ("GET", f"/shows?select={'x' * 60_000}", {}, b"", 400),
        ("GET", f"/{'x' * 60_000}", {}, b"", 404),
        ("POST", "/shows", JSON, b"[" + b"{}," * 21_000 + b"{}]", 400),
        ("POST", "/shows", CSV, b"title,views\n" + b"a,1\n" * 12_000, 201),
        ("POST", "/shows", CSV, b"title,views\n" + b"a,x\n" * 10_000_000, 413),
        ("POST", "/rpc/add", FORM, b"a=1&b=2&" + b"%20=1&" * 1_900 + b"a=" + b"%30" * 17_000, 404),
        ("POST", "/rpc/add", JSON, b'{"' + b"x" * 60_000 + b'": 1}', 404),
    ],
    ids=[
        "keys",
        "arguments",
        "whole",
        "cookie",
        "column",
        "table",
        "rows",
        "csv",
        "long csv",
        "form",
        "argument",
    ],
)
async def test_the_loop_goes_on(
    rest: Any, method: str, url: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    await rest("GET", "/shows?limit=1")
    asking = rest(method, url, headers=headers, content=content)
    answer, seconds = await longest_step(asking)

    assert (answer.status_code, seconds < LIMIT) == (status, True), f"{seconds * 1000:.0f} ms"


@pytest.mark.parametrize("name", [*QUERIES, *HEADERS])
async def test_the_loop_goes_on_beside_a_long_head(rest: Any, name: str) -> None:
    await rest("GET", "/shows?limit=1")
    url = f"/shows?{QUERIES.get(name, 'limit=1')}"
    asking = rest("GET", url, headers=HEADERS.get(name, {}))
    answer, seconds = await longest_step(asking)

    assert answer.status_code in {200, 400, 500}
    assert seconds < LIMIT, f"{seconds * 1000:.0f} ms"


@pytest.mark.parametrize("name", ["or", "names"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
async def test_the_loop_goes_on_beside_a_long_query_of_a_large_body(
    rest: Any, name: str, method: str
) -> None:
    await rest("GET", "/shows?limit=1")
    asking = rest(method, f"/shows?{QUERIES[name]}", json={"title": "x" * 100_000})
    _, seconds = await longest_step(asking)

    assert seconds < LIMIT, f"{seconds * 1000:.0f} ms"


async def test_the_loop_goes_on_beside_a_document_of_many_tables(rest: Any) -> None:
    rest.execute(
        "do $$ begin for number in 1..250 loop execute"
        f" format('create table table%s ({COLUMNS})', number); end loop; end $$;"
        " grant select on all tables in schema public to anon"
    )
    await rest.app.reload()
    await rest("GET", "/shows?limit=1")
    answer, seconds = await longest_step(rest("GET", "/"))

    assert answer.json()["definitions"]["table250"]["properties"]["column39"]["default"] == 5
    assert seconds < LIMIT / 2, f"{seconds * 1000:.0f} ms"


async def test_a_long_body_is_sent_in_pieces(rest: Any) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/rpc/repeated", "headers": []}
    rest.execute(
        "create function repeated(n int) returns text language sql immutable"
        " as $$ select repeat('x', n) $$"
    )
    await rest.app.reload()
    await rest.app({**scope, "query_string": b"n=600000"}, receive, send)
    start, *pieces = sent

    assert dict(start["headers"])[b"content-length"] == b"600002"
    assert b"".join(piece["body"] for piece in pieces) == b'"' + b"x" * 600_000 + b'"'
    assert [piece.get("more_body", False) for piece in pieces] == [True, True, False]
