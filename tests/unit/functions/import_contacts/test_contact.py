"""Rows of an import validated into contacts."""

import pytest

from functions.import_contacts.contact import Contact, RowError
from functions.import_contacts.contact import read_contact as read_row
from functions.import_contacts.headers import field_of
from functions.import_contacts.layout import Layouts


def read_contact(row: dict[str, str], region: str) -> Contact:
    return read_row(row, Layouts([row]).find(row), region)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("E-Mail", "email"), ("Full name", "name"), ("TZ", "time_zone"), ("Renewal date", None),
    ],
)  # fmt: skip
def test_common_column_names_are_recognized(header: str, field: str | None) -> None:
    assert field_of(header) == field


@pytest.mark.parametrize(
    ("text", "region", "phone", "zones"),
    [
        ("(212) 555-0123", "US", "+12125550123", ("America/New_York",)),
        ("020 7946 0000", "GB", "+442079460000", ("Europe/London",)),
        ("+49 30 901820", "US", "+4930901820", ("Europe/Berlin",)),
    ],
)
def test_numbers_are_normalized_to_e164_with_their_time_zones(
    text: str, region: str, phone: str, zones: tuple[str, ...]
) -> None:
    contact = read_contact({"phone": text}, region)

    assert (contact.phone, contact.time_zones) == (phone, zones)


def test_a_toll_free_number_has_all_time_zones() -> None:
    zones = read_contact({"phone": "+18005551234"}, "US").time_zones

    assert {"America/New_York", "Pacific/Honolulu"} <= set(zones)


def test_an_explicit_time_zone_wins_and_other_columns_are_variables() -> None:
    contact = read_contact(
        {
            "Phone": "212 555 0123",
            "First name": " Ada ",
            "Last name": "Byron",
            "Timezone": "America/Los_Angeles",
            "Plan": "pro",
            "Seats": "",
        },
        "US",
    )

    assert contact.time_zones == ("America/Los_Angeles",)
    assert contact.name == "Ada Byron"
    assert contact.variables == {"Plan": "pro", "Seats": ""}


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ({"phone": ""}, "phone", "there is no phone number"),
        ({"phone": "call me"}, "phone", "is not a phone number"),
        ({"phone": "1.2E+10"}, "phone", "is damaged: a spreadsheet changed"),
        ({"phone": "+1 212 555"}, "phone", "no such number exists"),
        ({"phone": "212 555 0123 ext. 9"}, "phone", "extension"),
        ({"phone": "2125550123", "tz": "Mars/Olympus"}, "time_zone", "not an IANA time zone"),
        ({"phone": "2125550123", "tz": "../../etc/passwd"}, "time_zone", "not an IANA time zone"),
        ({"phone": "2125550123", "notes": "x" * 10_001}, "notes", "10,000 characters"),
        ({"phone": "2125550123", "plan": "a\0b"}, "plan", "the value has a NUL"),
        ({"phone": "2125550123", "a\0b": "x"}, "a\0b", "the name of the column has a NUL"),
        ({"phone": "2125550123", "plan": "\ud800"}, "plan", "the value has half of a surrogate"),
        ({"phone": "\udfff2125550123"}, "phone", "the value has half of a surrogate"),
        ({"phone": "2125550123", "\ud800": "x"}, "\ud800", "name of the column has half of a"),
        ({"phone": "2125550123", "x" * 10_001: ""}, "x" * 10_001, "name of the column has more"),
    ],
)
def test_an_invalid_row_names_its_column(row: dict[str, str], column: str, problem: str) -> None:
    with pytest.raises(RowError, match=problem) as caught:
        read_contact(row, "US")

    assert caught.value.column == column
