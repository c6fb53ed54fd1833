"""CSV and JSON bodies as rows of text values."""

import pytest

from functions.import_contacts.table import Row
from shared.errors import BadInputError
from tests.support.contact_lists import contacts
from tests.support.contact_lists import rows as csv


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
        (b"phone,name,name\n", "COLUMN_TWICE"),
        (b"phone\n\x81\xfe1\n", "INVALID_UTF8"),
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
    assert csv(text, "json") == [Row(1, {"phone": "12125550123"})]


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
        csv(text, "json")

    assert caught.value.code == code


def test_values_of_other_types_are_row_errors() -> None:
    rows = csv(
        '[{"phone": 1}, 5, {"phone": [["1"]]}, {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}]', "json"
    )

    assert [(row.line, row.problem) for row in rows] == [
        (1, None),
        (2, "a contact must be a JSON object"),
        (3, "phone must be text or a number"),
        (4, "a.b.c.d.e. is nested too deeply"),
    ]


def test_a_list_without_a_phone_column_is_refused_with_its_columns() -> None:
    with pytest.raises(BadInputError, match="among: name, email") as caught:
        contacts("name,email\nAda,a@b\n")

    assert caught.value.code == "NO_PHONE_COLUMN"


def test_a_row_with_empty_values_at_its_end_is_valid() -> None:
    assert [row.problem for row in csv("phone,name\n1,Ada,,\n2\n")] == [None, None]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('"Name, full";Phone\n"Stone, Ada";1\n', {"Name, full": "Stone, Ada", "Phone": "1"}),
        ("Name|Phone\nAda; Bob|1\n", {"Name": "Ada; Bob", "Phone": "1"}),
        ("Name\tPhone\nAda, Bob\t1\n", {"Name": "Ada, Bob", "Phone": "1"}),
        ("\ufeffsep=,\nName,Phone\nAda;,1\n", {"Name": "Ada;", "Phone": "1"}),
    ],
)
def test_the_separator_is_the_one_that_gives_a_phone_column(
    text: str, values: dict[str, str]
) -> None:
    assert [row.values for row in csv(text)] == [values]
