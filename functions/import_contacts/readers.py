"""Readers of CSV and JSON bodies: rows of text values, one at a time from a file on disk."""

import csv
import io
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final, cast

from shared.errors import BadInputError

from .contact import has_phone
from .json_stream import read_items

_DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Row:
    """Line number and values by header; `problem` if the row has an invalid shape."""

    line: int
    values: Mapping[str, str]
    problem: str | None = None


def read_csv(file: IO[bytes]) -> Iterator[Row]:
    """Yield the rows below the header line; quoted values may contain line breaks.

    Raises BadInputError INVALID_UTF8, INVALID_CSV, EMPTY_LIST, NO_PHONE_COLUMN or COLUMN_TWICE.
    """
    try:
        with _decoded(file, newline="") as text:
            yield from _read_csv(text)
    except UnicodeDecodeError as exc:
        raise BadInputError(
            f"The list is not valid UTF-8 (byte {exc.object[exc.start]:#04x}). Save it as UTF-8.",
            code="INVALID_UTF8",
        ) from None
    except csv.Error as exc:
        raise BadInputError(f"The list is not valid CSV: {exc}.", code="INVALID_CSV") from None


def _read_csv(text: io.TextIOWrapper) -> Iterator[Row]:
    sample = text.read(_SAMPLE)
    text.seek(0)
    reader = csv.reader(text, delimiter=_delimiter(sample), strict=True)
    headers = next(reader, list[str]())
    _check_headers(headers)
    begins = reader.line_num + 1
    for values in reader:
        if any(value.strip() for value in values):
            yield _shape(begins, headers, values)
        begins = reader.line_num + 1


def _delimiter(sample: str) -> str:
    header = sample.partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _check_headers(headers: list[str]) -> None:
    if not any(header.strip() for header in headers):
        raise BadInputError("The list is empty: it has no header line.", code="EMPTY_LIST")
    if not has_phone(headers):
        raise BadInputError(
            f"No column is named phone, among: {', '.join(headers)[:500]}.", code="NO_PHONE_COLUMN"
        )
    twice = sorted({header for header in headers if headers.count(header) > 1})
    if twice:
        raise BadInputError(f"Columns are named twice: {', '.join(twice)}.", code="COLUMN_TWICE")


def _shape(line: int, headers: list[str], values: list[str]) -> Row:
    named = {header: value for header, value in zip(headers, values, strict=False) if header}
    if len(values) > len(headers):
        return Row(line, named, f"the row has {len(values)} values for {len(headers)} columns")
    return Row(line, named)


def read_json(file: IO[bytes]) -> Iterator[Row]:
    """Yield the objects of `[…]` or of `{"contacts": […]}`; the first is line 1.

    Raises BadInputError INVALID_UTF8, INVALID_JSON or INVALID_BODY.
    """
    try:
        with _decoded(file) as text:
            for number, contact in enumerate(read_items(text), 1):
                yield _read_object(number, contact)
    except UnicodeDecodeError:
        raise BadInputError("The list is not valid UTF-8.", code="INVALID_UTF8") from None


@contextmanager
def _decoded(file: IO[bytes], newline: str | None = None) -> Generator[io.TextIOWrapper]:
    """Decode without closing the file, which may be closed already if reading was abandoned."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline=newline)
    try:
        yield text
    finally:
        if not file.closed:
            text.detach()


def _read_object(number: int, contact: Any) -> Row:
    if not isinstance(contact, dict):
        return Row(number, {}, "a contact must be a JSON object")
    values: dict[str, str] = {}
    for name, value in cast("dict[str, Any]", contact).items():
        if value is None:
            continue
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            return Row(number, {}, f"{name[:60]} must be text or a number")
        values[name] = str(value)
    return Row(number, values)
