"""Excel workbooks: cells as text, the sheet that is read, and what is refused."""

import datetime
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook

from functions.import_contacts.table import Row
from shared.errors import FunctionError
from tests.support.contact_lists import contacts, listing, phones, rows


def save(*sheets: list[list[Any]]) -> bytes:
    workbook = Workbook()
    for number, lines in enumerate(sheets):
        sheet = workbook.active if number == 0 else workbook.create_sheet(f"Sheet {number + 1}")
        assert sheet is not None
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def test_cells_become_text_as_in_a_csv_file() -> None:
    day, moment = datetime.datetime(2026, 5, 1), datetime.datetime(2026, 5, 1, 9, 30)  # noqa: DTZ001
    content = save(
        [
            ["Phone", "Since", "At", "Seats", "Price", "VIP"],
            ["+12125550123", day, moment, 3, 2.5, True],
            [12125550124, None, None, 4.0],
        ]
    )

    assert [dict(row.values) for row in rows(content)] == [
        {"Phone": "+12125550123", "Since": "2026-05-01", "At": "2026-05-01 09:30:00", "Seats": "3",
         "Price": "2.5", "VIP": "true"},
        {"Phone": "12125550124", "Since": "", "At": "", "Seats": "4", "Price": "", "VIP": ""},
    ]  # fmt: skip


def test_a_merged_title_and_empty_lines_above_the_header_are_skipped() -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet["A1"] = "Customers 2026"
    sheet.merge_cells("A1:C1")
    for line in ([], ["Name", "Mobile", ""], ["Ada", "+12125550123", ""]):
        sheet.append(line)
    file = io.BytesIO()
    workbook.save(file)

    assert phones(file.getvalue()) == ["+12125550123"]


def test_the_sheet_with_a_phone_column_is_read_and_the_others_are_named() -> None:
    read = listing(save([["About"], ["A list"]], [["Name", "Phone"], ["Ada", "+12125550123"]]))

    assert [contact["phone"] for contact in read.read_batch()] == ["+12125550123"]
    assert read.source.notices == ["The workbook has 2 sheets: only 'Sheet 2' is read."]


def test_a_cell_far_away_costs_nothing() -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet["A1"], sheet["A2"], sheet["XFD3"] = "Phone", "+12125550123", "x"
    file = io.BytesIO()
    workbook.save(file)

    assert rows(file.getvalue()) == [Row(2, {"Phone": "+12125550123"})]


def archive(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/") + ".xml", content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 nonsense", "INVALID_ARCHIVE"),
        (archive(a=b"x"), "INVALID_WORKBOOK"),
        (
            archive(xl__workbook=b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'),
            "INVALID_ARCHIVE",
        ),
        (lambda: archive(xl__worksheets__sheet1=b" " * (201 << 20)), "WORKBOOK_TOO_LARGE"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "INVALID_WORKBOOK"),
        (save([[]]), "EMPTY_LIST"),
        (save([["Name"], ["Ada"]]), "NO_PHONE_COLUMN"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes | Callable[[], bytes], code: str) -> None:
    content = content if isinstance(content, bytes) else content()
    with pytest.raises(FunctionError) as caught:
        contacts(content, "xlsx" if content.startswith(b"PK") else "csv")

    assert caught.value.code == code
