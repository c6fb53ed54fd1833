"""SQL fragments number their parameters and quote their identifiers."""

import pytest

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.sql.fragment import identifier, parameter, sql


def test_parameters_are_numbered_in_the_order_of_their_holes():
    statement = sql("a {} b {}", parameter("x"), sql("({})", parameter("y")))

    assert statement.render() == (b"a $1 b ($2)", ("x", "y"))


def test_an_identifier_cannot_leave_its_quotes():
    assert identifier('a" from b; --').text == '"a"" from b; --"'
    with pytest.raises(RestError):
        identifier("a\x00b")
