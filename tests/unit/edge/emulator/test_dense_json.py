"""Which JSON takes long to parse."""

import pytest

from edge.emulator.dense_json import has_more_values, is_dense, loads


@pytest.mark.parametrize("value", ["[" * 20_000, "{}," * 20_000, "1," * 20_000, "\\n" * 200_000])
def test_many_values_are_dense_and_long_texts_are_not(value: str) -> None:
    assert is_dense(value)
    assert is_dense(value.encode())
    assert not is_dense('"' + "a" * 3_000_000 + '"')


@pytest.mark.parametrize("text", ["[" + "1," * 20_000 + "1]", "[" * 9_000, "{"])
def test_what_is_refused_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"values|deeply|Expecting"):
        loads(text)


@pytest.mark.parametrize(
    ("text", "is_more"),
    [
        ("[" + "[]," * 2_000 + "[]]", True),
        ('["' + '","' * 2_000 + '"]', True),
        ('{"a": [' + "1," * 990 + "1]}", False),
        ('{"sql": "' + "(1, [2], {3}), " * 2_000 + '"}', False),
        ('{"sql": "' + '\\",' * 2_000 + '"}', False),
        ('{"sql": "\\\\", "a": [' + "1," * 2_000 + "1]}", True),
    ],
)
def test_values_are_counted_outside_of_texts(text: str, is_more: bool) -> None:
    assert has_more_values(text.encode(), 1_000) is is_more
