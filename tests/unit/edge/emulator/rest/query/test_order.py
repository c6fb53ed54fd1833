"""The grammar of `order=`."""

import pytest

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.order import parse_order
from edge.emulator.rest.query.terms import (
    Field,
    OrderTerm,
)


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
