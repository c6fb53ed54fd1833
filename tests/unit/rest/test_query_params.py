"""Query strings become what they ask for, or an error that names the place."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.filters import OPERATORS, parse_condition, parse_logic
from edge.emulator.rest.query.order import parse_order
from edge.emulator.rest.query.params import parse_query
from edge.emulator.rest.query.select import parse_select
from edge.emulator.rest.query.terms import (
    Condition,
    Field,
    Filter,
    JsonStep,
    LogicGroup,
    OrderTerm,
    RowRange,
    SelectField,
    SelectRelation,
)


def test_select_without_a_value_means_every_column():
    assert parse_query(b"", with_arguments=False).select == (SelectField(Field("*")),)


def test_select_reads_alias_json_path_and_cast():
    path = (JsonStep("a"), JsonStep("0", is_index=True), JsonStep("b", as_text=True))

    assert parse_select("x:meta->a->0->>b::int") == (SelectField(Field("meta", path), "x", "int"),)


def test_select_reads_embeds_within_embeds():
    inner = SelectRelation("people", (SelectField(Field("*")),), hint="boss", is_inner=True)
    name = SelectField(Field("name"))

    assert parse_select("c:channels(name,people!boss!inner(*))") == (
        SelectRelation("channels", (name, inner), alias="c"),
    )


def test_select_reads_spreads_and_quoted_names():
    spread = SelectRelation("channels", (SelectField(Field("a,b")),), is_spread=True)

    assert parse_select('...channels("a,b")') == (spread,)


def test_an_embed_may_select_nothing():
    assert parse_select("channels()") == (SelectRelation("channels", ()),)


@pytest.mark.parametrize(
    ("text", "column"), [("id,", 4), ("a(b", 4), ("a)b", 2), ("!x", 1), ("a->", 4), (":a", 1)]
)
def test_a_malformed_select_names_the_column_of_the_fault(text: str, column: int):
    with pytest.raises(RestError) as caught:
        parse_select(text)

    assert caught.value.code == "PGRST100"
    assert f"(line 1, column {column})" in caught.value.message


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("eq.1", Condition("eq", "1")),
        ("eq.", Condition("eq", "")),
        ("not.eq.a.b", Condition("eq", "a.b", None, is_negated=True)),
        ("like(any).{a,b}", Condition("like", "{a,b}", "any")),
        ("fts(german).x", Condition("fts", "x", "german")),
        ("is.NULL", Condition("is", "null")),
        ("is.not_null", Condition("is", "not_null")),
        ('in.(1,"a,b","c\\"d",)', Condition("in", ("1", "a,b", 'c"d', ""))),
        ("in.()", Condition("in", ("",))),
        ("isdistinct.5", Condition("isdistinct", "5")),
    ],
)
def test_a_condition_has_an_operator_and_a_value(text: str, condition: Condition):
    assert parse_condition(text) == condition


@pytest.mark.parametrize("text", ["", "1", "foo.1", "is.maybe", "in.1", "in.(1", "neq(any).{1}"])
def test_what_is_no_condition_is_refused(text: str):
    with pytest.raises(RestError) as caught:
        parse_condition(text)

    assert caught.value.status == 400


def test_logic_nests_and_negates():
    path, group = parse_logic("channels.not.or", "(a.eq.1,and(b->>c.not.in.(x,y),d.is.null))")
    nested = LogicGroup(
        "and",
        (
            Filter(
                Field("b", (JsonStep("c", as_text=True),)),
                Condition("in", ("x", "y"), None, is_negated=True),
            ),
            Filter(Field("d"), Condition("is", "null")),
        ),
    )

    assert path == ("channels",)
    assert group == LogicGroup("or", (Filter(Field("a"), Condition("eq", "1")), nested), True)


def test_a_value_in_a_tree_may_be_quoted_or_an_array():
    _, group = parse_logic("and", '(a.eq."x,y)",b.cs.{1,2})')

    values = [member.condition.value for member in group.members if isinstance(member, Filter)]
    assert values == ["x,y)", "{1,2}"]


def test_order_reads_direction_nulls_and_relation():
    assert parse_order("a.desc.nullslast,b.nullsfirst,c(d).asc") == (
        OrderTerm(Field("a"), None, "desc", "nullslast"),
        OrderTerm(Field("b"), None, None, "nullsfirst"),
        OrderTerm(Field("d"), "c", "asc"),
    )


@pytest.mark.parametrize("text", ["", "a.up", "a.desc.nulls", "a.asc.desc", "a,,b"])
def test_a_malformed_order_is_refused(text: str):
    with pytest.raises(RestError):
        parse_order(text)


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


@given(st.text())
def test_the_select_parser_raises_nothing_but_its_own_error(text: str):
    with suppress(RestError):
        assert isinstance(parse_select(text), tuple)


@given(st.sampled_from(sorted(OPERATORS)), st.text())
def test_what_the_condition_parser_accepts_has_the_given_operator(operator: str, text: str):
    with suppress(RestError):
        assert parse_condition(f"{operator}.{text}").operator == operator


@given(st.lists(st.text(), min_size=1))
def test_quoted_list_elements_come_back_as_they_were(elements: list[str]):
    quoted = ",".join(
        '"' + element.replace("\\", "\\\\").replace('"', '\\"') + '"' for element in elements
    )

    assert parse_condition(f"in.({quoted})").value == tuple(elements)


@given(st.binary(max_size=200))
def test_the_query_parser_raises_nothing_but_its_own_error(raw: bytes):
    with suppress(RestError):
        assert parse_query(raw, with_arguments=True).select


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5))
def test_the_canonical_query_says_the_same_in_order(pairs: list[tuple[str, str]]):
    raw = urlencode([(f"x{key}", f"eq.{value}") for key, value in pairs]).encode()

    with suppress(RestError):
        canonical = parse_query(raw, with_arguments=False).canonical
        assert parse_qsl(canonical, keep_blank_values=True) == sorted(parse_qsl(raw.decode()))


def test_deep_nesting_is_refused_before_the_stack_ends():
    with pytest.raises(RestError):
        parse_select("a(" * 500 + ")" * 500)
    with pytest.raises(RestError):
        parse_logic("or", "(and" * 500 + "(a.eq.1)" + ")" * 500)
