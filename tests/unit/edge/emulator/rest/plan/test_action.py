"""Names of a request are found in the schema cache, or refused with a helpful word."""

import pytest

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import UnknownNameError
from edge.emulator.rest.plan.action import plan_request
from edge.emulator.rest.plan.tree import Plan
from edge.emulator.rest.request.api_request import RawRequest, parse_request
from edge.emulator.rest.schema.model import SchemaCache

CONFIG = RestConfig()


def plan(cache: SchemaCache, method: str, path: str, query: bytes = b"", body: bytes = b"") -> Plan:
    return plan_request(
        parse_request(RawRequest(method, path, query, {}, body), CONFIG), cache, CONFIG
    )


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "code"),
    [
        ("GET", "/vidoes", b"", b"", "PGRST205"),
        ("GET", "/videos", b"select=titel", b"", "42703"),
        ("GET", "/videos", b"titel=eq.1", b"", "42703"),
        ("GET", "/videos", b"order=titel", b"", "42703"),
        ("GET", "/videos", b"select=id::money2", b"", "42704"),
        ("GET", "/videos", b"select=people(id)", b"", "PGRST200"),
        ("GET", "/messages", b"select=people(id)", b"", "PGRST201"),
        (*("GET", "/people", b"select=people!people_manager_id_fkey(id)"), b"", "PGRST200"),
        (
            *("GET", "/messages", b"select=people!sender_id(id),people!recipient_id(id)"),
            b"",
            "42712",
        ),
        ("GET", "/videos", b"channels.name=eq.1", b"", "PGRST108"),
        ("GET", "/channels", b"select=videos(id)&order=videos(id)", b"", "PGRST118"),
        ("GET", "/videos", b"select=id.sum()", b"", "PGRST123"),
        ("POST", "/videos", b"", b'{"titel":1}', "PGRST204"),
        ("POST", "/rpc/addd", b"", b'{"a":1}', "PGRST202"),
        ("POST", "/rpc/add", b"", b'{"a":1}', "PGRST202"),
        ("POST", "/rpc/twice", b"", b'{"n":1}', "PGRST203"),
        ("POST", "/rpc/nameless", b"", b"{}", "PGRST202"),
        ("PUT", "/videos", b"title=eq.1", b'{"id":1}', "PGRST105"),
        ("GET", "/videos", b"select=count()", b"", "PGRST123"),
        ("GET", "/videos", b"select=counts", b"", "42703"),
        ("PATCH", "/videos", b"", b'{"title":"x"}', "21000"),
        ("PATCH", "/videos", b"limit=1&order=id", b'{"title":"x"}', "21000"),
        ("DELETE", "/videos", b"select=id", b"", "21000"),
    ],
)
def test_what_the_schema_does_not_hold_is_refused(
    cache: SchemaCache, method: str, path: str, query: bytes, body: bytes, code: str
):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the code is compared below
        plan(cache, method, path, query, body)

    assert getattr(caught.value, "code", None) == code


def test_an_unknown_column_of_an_embed_is_named_with_its_depth(cache: SchemaCache):
    with pytest.raises(UnknownNameError, match=r"column videos_1\.sum does not exist"):
        plan(cache, "GET", "/channels", b"select=id,videos(sum)")


def test_a_near_miss_is_suggested(cache: SchemaCache):
    with pytest.raises(UnknownNameError) as caught:
        plan(cache, "GET", "/video")

    assert caught.value.hint == "Perhaps you meant the table 'public.videos'"


def test_a_stable_function_runs_read_only_even_when_posted_to(cache: SchemaCache):
    assert plan(cache, "POST", "/rpc/find", body=b'{"q":"x"}').is_read_only
    assert not plan(cache, "POST", "/rpc/nothing").is_read_only


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("PATCH", b"id=gt.0", b'{"title":"x"}'),
        ("PATCH", b"or=(id.eq.1,id.eq.2)", b'{"title":"x"}'),
        ("PATCH", b"", b"{}"),
        ("DELETE", b"title=is.null", b""),
        ("POST", b"", b'{"id":1}'),
        ("PUT", b"id=eq.1", b'{"id":1}'),
    ],
)
def test_a_write_that_says_which_rows_is_planned(
    cache: SchemaCache, method: str, query: bytes, body: bytes
):
    assert plan(cache, method, "/videos", query, body).is_mutation


def test_every_row_may_be_written_where_that_is_configured(cache: SchemaCache):
    config = RestConfig(safeupdate=False)
    request = parse_request(RawRequest("DELETE", "/videos", b"", {}, b""), config)

    assert plan_request(request, cache, config).is_mutation
