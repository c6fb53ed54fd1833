"""The grammar of `select=`."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.params import parse_query
from edge.emulator.rest.query.select import parse_select
from edge.emulator.rest.query.terms import (
    Field,
    JsonStep,
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
    ("text", "column"), [("id,", 4), ("a(b", 4), ("!x", 1), ("a->", 4), (":a", 1)]
)
def test_a_malformed_select_names_the_column_of_the_fault(text: str, column: int):
    with pytest.raises(RestError) as caught:
        parse_select(text)

    assert caught.value.code == "PGRST100"
    assert f"(line 1, column {column})" in caught.value.message


@given(st.text())
def test_the_select_parser_raises_nothing_but_its_own_error(text: str):
    with suppress(RestError):
        assert isinstance(parse_select(text), tuple)
