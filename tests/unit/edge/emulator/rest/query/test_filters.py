"""The grammar of conditions and logic trees."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.filters import OPERATORS, parse_condition, parse_logic
from edge.emulator.rest.query.terms import (
    Condition,
    Field,
    Filter,
    JsonStep,
    LogicGroup,
)


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
