"""Functions called by POST and GET."""

from typing import Any

import pytest

from tests.support.data_api import Rest

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def rest(rolled_back: Rest) -> Rest:
    return rolled_back


@pytest.mark.parametrize(
    ("method", "url", "body", "expected"),
    [
        ("POST", "/rpc/add", {"a": 1, "b": 5}, 6),
        ("POST", "/rpc/add", {"a": 1}, 2),
        ("GET", "/rpc/add?a=3&b=4", None, 7),
        ("POST", "/rpc/echo", {"any": [1, {"thing": None}]}, {"any": [1, {"thing": None}]}),
        ("GET", "/rpc/count_all?v=1&v=2&v=3", None, 3),
        ("POST", "/rpc/count_all", {"v": [1, 2]}, 2),
        ("GET", "/rpc/numbers", None, [1, 2]),
        ("GET", "/rpc/pairs?x=gt.1&select=y", None, [{"y": "b"}]),
        ("GET", "/rpc/first_show?select=id,title", None, {"id": 1, "title": "Morning"}),
        (
            "POST",
            "/rpc/search_shows?select=id,channels(name)&order=id.desc&limit=1",
            {"q": "%ning"},
            [{"id": 2, "channels": {"name": "news"}}],
        ),
        ("GET", "/rpc/search_shows?q=%25&select=id&title=like.M*", None, [{"id": 1}, {"id": 3}]),
    ],
)
async def test_a_call_answers_the_result(
    rest: Any, method: str, url: str, body: Any, expected: Any
):
    answer = await rest(method, url, json=body)

    assert (answer.status_code, answer.json()) == (200, expected)


async def test_a_function_without_a_result_is_204(rest: Any):
    answer = await rest("POST", "/rpc/nothing")

    assert (answer.status_code, answer.content) == (204, b"")


async def test_the_rows_of_a_call_are_counted(rest: Any):
    answer = await rest("POST", "/rpc/pairs?limit=1", headers={"prefer": "count=exact"})

    assert (answer.status_code, answer.headers["content-range"]) == (206, "0-0/2")


async def test_head_on_a_call_counts_the_same_rows(rest: Any):
    answer = await rest("HEAD", "/rpc/pairs?x=eq.1", headers={"prefer": "count=exact"})

    assert answer.headers["content-range"] == "0-0/1"


async def test_overloads_that_fit_alike_are_300(rest: Any):
    answer = await rest("POST", "/rpc/twice", json={"n": 1})

    assert (answer.status_code, answer.json()["code"]) == (300, "PGRST203")
    assert answer.json()["message"].endswith("public.twice(n => integer), public.twice(n => text)")


async def test_an_unknown_function_is_404_with_a_suggestion(rest: Any):
    answer = await rest("POST", "/rpc/add_", json={"a": 1})

    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST202")
    assert answer.json()["hint"] == "Perhaps you meant to call the function public.add"


async def test_a_function_can_set_status_and_headers(rest: Any):
    answer = await rest("POST", "/rpc/teapot")

    assert (answer.status_code, answer.headers["x-kind"]) == (418, "pot")


async def test_a_function_sees_the_request_and_the_caller(rest: Any, role_headers: Any):
    headers = role_headers("authenticated", sub="6e8bc430-9c3a-11d9-9669-0800200c9a66")
    answer = await rest(
        "POST", "/rpc/whoami", headers=headers | {"user-agent": "tester", "cookie": "session=s1"}
    )

    assert answer.json() == {
        "role": "authenticated",
        "sub": "6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "method": "POST",
        "path": "/rpc/whoami",
        "agent": "tester",
        "cookie": "s1",
        "timeout": "1min",
    }
