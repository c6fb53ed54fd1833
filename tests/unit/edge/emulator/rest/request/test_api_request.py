"""Requests become intents; what makes no sense is refused before any database is asked."""

import pytest

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.terms import RowRange
from edge.emulator.rest.request.api_request import Action, ApiRequest, RawRequest, parse_request


def ask(
    method: str, path: str, query: bytes = b"", body: bytes = b"", **headers: str
) -> ApiRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = RawRequest(method, path, query, named, body)
    return parse_request(raw, RestConfig(schemas=("public", "other")))


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/videos", Action.READ),
        ("HEAD", "/videos", Action.READ),
        ("PATCH", "/videos", Action.UPDATE),
        ("DELETE", "/videos", Action.DELETE),
        ("POST", "/rpc/add", Action.CALL),
        ("GET", "/rpc/add", Action.CALL_SAFELY),
        ("GET", "/", Action.INSPECT),
        ("OPTIONS", "/videos", Action.OPTIONS),
    ],
)
def test_method_and_path_decide_the_action(method: str, path: str, action: Action):
    assert ask(method, path, body=b"{}").action is action


@pytest.mark.parametrize(
    ("method", "path", "code", "status"),
    [
        ("GET", "/a/b", "PGRST125", 404),
        ("GET", "/rpc/a/b", "PGRST125", 404),
        ("PUT", "/rpc/add", "PGRST101", 405),
        ("TRACE", "/videos", "PGRST117", 405),
        ("POST", "/", "PGRST117", 405),
    ],
)
def test_a_request_for_nothing_is_refused(method: str, path: str, code: str, status: int):
    with pytest.raises(RestError) as caught:
        ask(method, path)

    assert (caught.value.code, caught.value.status) == (code, status)


def test_reads_and_writes_name_their_schema_in_different_headers():
    assert ask("GET", "/v", accept_profile="other").schema == "other"
    assert ask("DELETE", "/v", content_profile="other", accept_profile="none").schema == "other"


def test_an_unexposed_schema_is_refused_with_the_list_of_exposed_ones():
    with pytest.raises(RestError) as caught:
        ask("GET", "/v", accept_profile="auth")

    assert (caught.value.code, caught.value.status) == ("PGRST106", 406)
    assert caught.value.hint == "Only the following schemas are exposed: public, other"


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        (b"limit=5&offset=2", None, RowRange(2, 5)),
        (b"", "0-9", RowRange(0, 10)),
        (b"", "5-", RowRange(5, None)),
        (b"limit=5", "2-99", RowRange(2, 3)),
        (b"limit=0", None, RowRange(0, 0)),
        (b"", "bytes=0-1", RowRange()),
    ],
)
def test_range_header_and_limit_are_intersected(
    query: bytes, header: str | None, expected: RowRange
):
    assert ask("GET", "/v", query, range=header or "").range == expected


@pytest.mark.parametrize(("query", "header"), [(b"limit=-1", ""), (b"", "5-1")])
def test_an_impossible_range_is_416(query: bytes, header: str):
    with pytest.raises(RestError) as caught:
        ask("GET", "/v", query, range=header)

    assert (caught.value.code, caught.value.status) == ("PGRST103", 416)
