"""Which JSON takes long to parse."""

import pytest

from edge.emulator.dense_json import is_dense, loads


@pytest.mark.parametrize("value", ["[" * 20_000, "{}," * 20_000, "1," * 20_000, "\\n" * 200_000])
def test_many_values_are_dense_and_long_texts_are_not(value: str) -> None:
    assert is_dense(value)
    assert is_dense(value.encode())
    assert not is_dense('"' + "a" * 3_000_000 + '"')


@pytest.mark.parametrize("text", ["[" + "1," * 20_000 + "1]", "[" * 9_000, "{"])
def test_what_is_refused_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"values|deeply|Expecting"):
        loads(text)
