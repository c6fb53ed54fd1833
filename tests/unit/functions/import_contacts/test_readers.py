"""CSV and JSON bodies as rows of text values."""

import io

import pytest

from functions.import_contacts.readers import Row, read_csv, read_json
from shared.errors import BadInputError


def csv(text: str | bytes) -> list[Row]:
    return list(read_csv(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_csv_dialects_of_spreadsheets_are_read(delimiter: str, end: str, bom: str) -> None:
    text = f"{bom}phone{delimiter}name{end}1{delimiter}Ada{end}2{delimiter}Zoë{end}"

    assert [(row.line, dict(row.values)) for row in csv(text)] == [
        (2, {"phone": "1", "name": "Ada"}),
        (3, {"phone": "2", "name": "Zoë"}),
    ]


def test_the_line_of_a_row_is_its_first_line() -> None:
    rows = csv('phone,notes\n1,"two\nlines"\n\n2,x\n')

    assert [row.line for row in rows] == [2, 5]


def test_a_row_with_too_many_values_is_invalid_and_the_rest_is_read() -> None:
    rows = csv("phone,name\n1,Byron, Ada\n2,Bob\n")

    assert [row.problem for row in rows] == ["the row has 3 values for 2 columns", None]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "EMPTY_LIST"),
        (b"\n\n", "EMPTY_LIST"),
        (b"name,email\nAda,a@b\n", "NO_PHONE_COLUMN"),
        (b"phone,name,name\n", "COLUMN_TWICE"),
        (b"phone\n\xff\xfe1\n", "INVALID_UTF8"),
        (b'phone\n"1"2\n', "INVALID_CSV"),
        (b'phone\n"1\n', "INVALID_CSV"),
    ],
)
def test_invalid_csv_is_rejected(text: bytes, code: str) -> None:
    with pytest.raises(BadInputError) as caught:
        csv(text)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        '[{"phone": 12125550123, "n": null}]',
        '{"contacts": [{"phone": "12125550123"}]}',
        '\ufeff{"made": {"by": "us"}, "contacts": [{"phone": "12125550123"}], "count": 1}\r\n',
    ],
)
def test_json_is_read_in_both_shapes(text: str) -> None:
    rows = list(read_json(io.BytesIO(text.encode())))

    assert rows == [Row(1, {"phone": "12125550123"})]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "INVALID_JSON"),
        ("{}", "INVALID_BODY"),
        ('"phone"', "INVALID_BODY"),
        ("[" * 100_000, "INVALID_JSON"),
        ("[" + "1" * 5000 + "]", "INVALID_JSON"),
        (b'[{"phone": "\xff"}]', "INVALID_UTF8"),
        (b'[{"phone": "\xed\xa0\x80"}]', "INVALID_UTF8"),
        (b'[{"phone": "\xc3', "INVALID_UTF8"),
    ],
)
def test_json_that_is_not_a_list_of_contacts_is_rejected(text: str | bytes, code: str) -> None:
    with pytest.raises(BadInputError) as caught:
        list(read_json(io.BytesIO(text if isinstance(text, bytes) else text.encode())))

    assert caught.value.code == code


def test_values_of_other_types_are_row_errors() -> None:
    rows = list(read_json(io.BytesIO(b'[{"phone": ["1"]}, 5, {"phone": 1}, {"phone": true}]')))

    assert [(row.line, row.problem) for row in rows] == [
        (1, "phone must be text or a number"),
        (2, "a contact must be a JSON object"),
        (3, None),
        (4, "phone must be text or a number"),
    ]
