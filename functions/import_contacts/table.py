"""Turns the lines of a CSV file or workbook into rows: finds the header line, names the values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from shared.errors import BadInputError

from .headers import field_of, find_phone_name
from .numbers import looks_like_number

LINES_BEFORE_HEADER: Final = 10
MAX_COLUMNS: Final = 1000

Line = tuple[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """Line number and values by header; `problem` if the row has an invalid shape."""

    line: int
    values: Mapping[str, str]
    problem: str | None = None


def read_table(lines: Iterable[Line]) -> Iterator[Row]:
    """Yield the rows below the header line: the first of the first ten that names a phone column.

    Raises BadInputError EMPTY_LIST, NO_HEADER, COLUMN_TWICE or TOO_MANY_COLUMNS.
    """
    filled = (line for line in lines if any(value.strip() for value in line[1]))
    first: list[Line] = []
    for line in filled:
        first.append(line)
        if names_phone(line[1]) or len(first) == LINES_BEFORE_HEADER:
            break
    if not first:
        raise BadInputError("The list is empty: it has no header line.", code="EMPTY_LIST")
    found = first[-1] if names_phone(first[-1][1]) else None
    if found is None and any(_is_number(value) for value in first[0][1]):
        raise BadInputError(
            "The list has no header line: its first line has a phone number. Name the columns above"
            " it, such as Name and Phone.",
            code="NO_HEADER",
        )
    headers = _check_headers((found or first[0])[1])
    for number, values in filled if found else chain(first[1:], filled):
        yield _shape(number, headers, values)


def names_phone(values: Sequence[str]) -> bool:
    """Return whether a line names a column of phone numbers."""
    names = [find_phone_name(value) for value in values if len(value) < 100]
    if any(name and not name.is_weak for name in names):
        return not any(_has_digits(value) for value in values)
    return any(names) and sum(bool(field_of(value)) for value in values) > 0


def _is_number(value: str) -> bool:
    return _has_digits(value) and looks_like_number(value)


def _has_digits(value: str) -> bool:
    return sum(char.isdigit() for char in value) >= 7


def _check_headers(values: Sequence[str]) -> list[str]:
    headers = [value.strip().replace("\n", " ") for value in values]
    if len(headers) > MAX_COLUMNS:
        raise BadInputError(
            f"The list has {len(headers):,} columns; {MAX_COLUMNS:,} is the most.",
            code="TOO_MANY_COLUMNS",
        )
    named = [header for header in headers if header]
    twice = sorted({header for header in named if named.count(header) > 1})
    if twice:
        raise BadInputError(f"Columns are named twice: {', '.join(twice)}.", code="COLUMN_TWICE")
    return headers


def _shape(line: int, headers: list[str], values: Sequence[str]) -> Row:
    given = len(values)
    while given > len(headers) and not values[given - 1].strip():
        given -= 1
    padded = chain(values, [""] * (len(headers) - given))
    named = {header: value for header, value in zip(headers, padded, strict=False) if header}
    if given > len(headers):
        return Row(line, named, f"the row has {given} values for {len(headers)} columns")
    return Row(line, named)
