"""Requests become intents; what makes no sense is refused before any database is asked."""

import pytest

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError
from edge.emulator.rest.media import MediaType, choose_answer
from edge.emulator.rest.payload import parse_payload
from edge.emulator.rest.preferences import parse_preferences, render_applied, require_valid
from edge.emulator.rest.query.terms import RowRange
from edge.emulator.rest.request import Action, ApiRequest, RawRequest, parse_request

JSON = "application/json"


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


@pytest.mark.parametrize(("query", "header"), [(b"limit=-1", ""), (b"offset=-1", ""), (b"", "5-1")])
def test_an_impossible_range_is_416(query: bytes, header: str):
    with pytest.raises(RestError) as caught:
        ask("GET", "/v", query, range=header)

    assert (caught.value.code, caught.value.status) == ("PGRST103", 416)


def test_a_body_keeps_its_bytes_and_yields_its_keys():
    payload = parse_payload(b'[{"a":1,"b":2},{"b":3,"a":4}]', JSON, None, for_routine=False)

    assert payload.raw == b'[{"a":1,"b":2},{"b":3,"a":4}]'
    assert payload.keys == ("a", "b")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Empty or invalid json"),
        (b"{", "Empty or invalid json"),
        (b'{"a": NaN}', "Empty or invalid json"),
        (b'{"a": "\xff"}', "Empty or invalid json"),
        (b"[" * 100_000, "Empty or invalid json"),
        (b'[{"a":1},{"b":2}]', "All object keys must match"),
        (b"[1]", "All object keys must match"),
    ],
)
def test_a_body_that_is_not_rows_is_refused(body: bytes, message: str):
    with pytest.raises(RestError) as caught:
        parse_payload(body, JSON, None, for_routine=False)

    assert (caught.value.code, caught.value.message) == ("PGRST102", message)


def test_csv_and_forms_become_json():
    csv = parse_payload(b"a,b\n1,NULL\n", "text/csv", None, for_routine=False)
    form = parse_payload(b"a=1&b=x+y", "application/x-www-form-urlencoded", None, for_routine=False)

    assert (csv.raw, csv.keys) == (b'[{"a": "1", "b": null}]', ("a", "b"))
    assert (form.raw, form.is_object) == (b'{"a": "1", "b": "x y"}', True)


def test_an_unknown_content_type_is_refused():
    with pytest.raises(RestError) as caught:
        parse_payload(b"<a/>", "image/png", None, for_routine=False)

    assert caught.value.message == "Content-Type not acceptable: image/png"


def test_preferences_are_a_set_in_any_order_and_spacing():
    headers = ["return=representation,resolution=merge-duplicates", " count=exact , odd"]
    preferences = parse_preferences(headers, allow_transaction=False)

    assert preferences.wants_body
    assert preferences.invalid == ("odd",)
    assert render_applied(preferences) == (
        "resolution=merge-duplicates, return=representation, count=exact"
    )


def test_strict_handling_refuses_unknown_preferences():
    preferences = parse_preferences(["handling=strict, odd, count=many"], allow_transaction=False)

    with pytest.raises(RestError) as caught:
        require_valid(preferences)

    assert caught.value.details == "Invalid preferences: odd, count=many"


def test_a_transaction_preference_counts_only_where_it_is_allowed():
    headers = ["tx=rollback"]

    assert parse_preferences(headers, allow_transaction=False).transaction is None
    assert parse_preferences(headers, allow_transaction=True).transaction == "rollback"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, MediaType()),
        ("*/*", MediaType()),
        ("text/html, application/json;q=0.9", MediaType()),
        ("application/json;q=0.1, text/csv", MediaType("text/csv")),
        ("application/vnd.pgrst.object+json", MediaType("application/vnd.pgrst.object+json")),
        (
            "application/vnd.pgrst.array+json;nulls=stripped",
            MediaType("application/vnd.pgrst.array+json", strips_nulls=True),
        ),
    ],
)
def test_the_best_acceptable_type_is_answered(accept: str | None, media: MediaType):
    assert choose_answer(accept) == media


def test_a_type_that_cannot_be_answered_is_406():
    with pytest.raises(RestError) as caught:
        choose_answer("image/png, text/html")

    assert caught.value.code == "PGRST107"
    assert "image/png, text/html" in caught.value.message
