"""Syntax errors in the words of Go's decoder."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.auth.go_json import describe_syntax_error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ("  ", "unexpected end of JSON input"),
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("email=a", "invalid character 'e' looking for beginning of value"),
        ("{email: 1}", "invalid character 'e' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("{} {}", "invalid character '{' after top-level value"),
        ('{"a": "b', "unexpected end of JSON input"),
        ('"a\nb"', "invalid character '\\n' in string literal"),
        (r'"\x"', "invalid character 'x' in string escape code"),
        (r'"\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("[" * 20000, "exceeded max depth"),
    ],
)
def test_the_first_fault_is_named(text: str, message: str) -> None:
    assert describe_syntax_error(text.encode()) == message


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_valid_json_has_no_fault(value: object) -> None:
    assert describe_syntax_error(json.dumps(value).encode()) is None
