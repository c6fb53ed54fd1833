"""Query strings become what they ask for, or an error that names the place."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.filters import parse_logic
from edge.emulator.rest.query.params import canonical_query, parse_query
from edge.emulator.rest.query.select import parse_select
from edge.emulator.rest.query.terms import (
    Condition,
    Field,
    Filter,
    RowRange,
)


def test_plus_is_a_space_and_escapes_are_utf8():
    query = parse_query(b"title=eq.a+b%C3%A9", with_arguments=False)

    assert query.filters == (((), Filter(Field("title"), Condition("eq", "a bé"))),)


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(RestError) as caught:
        parse_query(b"title=eq.%FF", with_arguments=False)

    assert caught.value.code == "PGRST100"


def test_limits_and_filters_go_to_the_resource_they_name():
    query = parse_query(
        b"channels.limit=2&channels.offset=1&limit=9&channels.name=eq.x", with_arguments=False
    )

    assert query.ranges == {("channels",): RowRange(1, 2), (): RowRange(0, 9)}
    assert query.filters[0][0] == ("channels",)


def test_what_is_no_condition_is_an_argument_of_a_function():
    query = parse_query(b"a=1&b=eq.2&c=x.y", with_arguments=True)

    assert query.arguments == (("a", "1"), ("c", "x.y"))
    assert query.filters == (((), Filter(Field("b"), Condition("eq", "2"))),)


@pytest.mark.parametrize("parameter", [b"columns=", b"on_conflict="])
def test_an_empty_list_of_columns_is_refused(parameter: bytes):
    with pytest.raises(RestError):
        parse_query(parameter, with_arguments=False)


@given(st.binary(max_size=200))
def test_the_query_parser_raises_nothing_but_its_own_error(raw: bytes):
    with suppress(RestError):
        assert parse_query(raw, with_arguments=True).select


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5))
def test_the_canonical_query_says_the_same_in_order(pairs: list[tuple[str, str]]):
    raw = urlencode([(f"x{key}", f"eq.{value}") for key, value in pairs]).encode()

    with suppress(RestError):
        canonical = canonical_query(raw)
        assert parse_qsl(canonical, keep_blank_values=True) == sorted(parse_qsl(raw.decode()))


def test_deep_nesting_is_refused_before_the_stack_ends():
    with pytest.raises(RestError):
        parse_select("a(" * 500 + ")" * 500)
    with pytest.raises(RestError):
        parse_logic("or", "(and" * 500 + "(a.eq.1)" + ")" * 500)
