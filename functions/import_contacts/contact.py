"""Validates one row of an import and turns it into a contact that can be dialled."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumber, timezone

from .countries import find_region
from .headers import is_number_of_other_kind, rank_words
from .layout import Layout, PhoneColumn
from .numbers import Country, NumberError, format_e164, read_number, split_cell
from .opt_out import UnclearError, says_no_calls
from .words import fold

_UNKNOWN_ZONE: Final = "Etc/Unknown"
_MAX_VALUE: Final = 10_000
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class RowError(Exception):
    """An invalid row: the problem and its column."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact to call; `time_zones` are all zones the number may be in.

    `do_not_call` lists all numbers of a person who is not to be called; `phone` is the first.
    """

    phone: str
    name: str
    time_zones: tuple[str, ...]
    email: str | None = None
    company: str | None = None
    notes: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    do_not_call: tuple[str, ...] = ()

    def render(self, line: int) -> dict[str, Any]:
        """Render the JSON that `stage_contacts` takes."""
        if self.do_not_call:
            return {"line": line, "phone": self.phone, "do_not_call": list(self.do_not_call)}
        return {
            "line": line,
            "phone": self.phone,
            "name": self.name,
            "email": self.email,
            "company": self.company,
            "notes": self.notes,
            "time_zones": list(self.time_zones),
            "variables": dict(self.variables),
        }


def read_contact(row: Mapping[str, str], layout: Layout, region: str) -> Contact:
    """Parse a row of header → value. Raises RowError with the invalid column."""
    values = {header: value.strip() for header, value in row.items()}
    known: dict[str, str] = {}
    for header, name in layout.fields:
        if value := values[header]:
            known.setdefault(name, value)
    is_blocked = _is_blocked(values, known, layout)
    country = _read_country(values, known, layout, region)
    if is_blocked:
        numbers = list(_read_all_numbers(values, layout, country))
        if not numbers:
            _read_phone(values, layout, country)  # raises why
        phones = tuple(dict.fromkeys(map(format_e164, numbers)))
        return Contact(phones[0], _name(known), (), do_not_call=phones)
    for header, value in values.items():
        _check_text(header, header, "name of the column")
        _check_text(header, value, "value")
    number = _read_phone(values, layout, country)
    return Contact(
        format_e164(number),
        _name(known),
        _find_zones(number, known.get("time_zone")),
        variables=_read_variables(values, layout),
        email=known.get("email"),
        company=known.get("company"),
        notes=known.get("notes"),
    )


def _read_variables(values: Mapping[str, str], layout: Layout) -> dict[str, str]:
    shown = {header.strip(): values[header] for header in layout.variables}
    countries = (header for header, name in layout.fields if name == "country" and values[header])
    return shown | {header.strip(): values[header] for header in countries}


def _is_blocked(values: Mapping[str, str], known: Mapping[str, str], layout: Layout) -> bool:
    unclear: str | None = None
    for column in layout.opt_outs:
        try:
            if column.says_no_calls(values[column.header]):
                return True
        except UnclearError:
            unclear = unclear or column.header
    if says_no_calls(known.get("notes", "")):
        return True
    if any(says_no_calls(values[header]) for header in layout.variables):
        return True
    if unclear is not None:
        raise RowError(
            unclear,
            f"{values[unclear][:40]!r} does not say whether calls are allowed: write yes or no",
        )
    return False


def _read_country(
    values: Mapping[str, str], known: Mapping[str, str], layout: Layout, region: str
) -> Country:
    """Return whose national numbers the row has: its own country's before the list's."""
    named = (known.get("country"), known.get("calling_code"))
    for text in named:
        if text and (found := find_region(text)):
            return Country(found, is_rows=True)
    unknown = next((text for text in named if text), None)
    if unknown and not _is_international(values, layout):
        column = next(header for header, _ in layout.fields if values[header] == unknown)
        raise RowError(column, f"the country {unknown[:40]!r} is unknown: write its ISO code")
    return Country(region)


def _is_international(values: Mapping[str, str], layout: Layout) -> bool:
    filled = [values[column.header] for column in layout.phones if values[column.header]]
    return all(text.lstrip("'\"( ").startswith(("+", "00", "\uff0b")) for text in filled)


def _read_phone(values: Mapping[str, str], layout: Layout, country: Country) -> PhoneNumber:
    """Return the first number that can be dialled; else raise what is wrong with the first one."""
    problem: RowError | None = None
    for column in _order(values, layout):
        cell = values[column.header]
        for text in split_cell(cell, country):
            try:
                return read_number(text, country)
            except NumberError as exc:
                problem = problem or RowError("phone", str(exc))
    raise problem or RowError("phone", "there is no phone number")


def _read_all_numbers(
    values: Mapping[str, str], layout: Layout, country: Country
) -> Iterator[PhoneNumber]:
    for column in _order(values, layout):
        for text in split_cell(values[column.header], country):
            try:
                yield read_number(text, country)
            except NumberError:
                continue


def _order(values: Mapping[str, str], layout: Layout) -> list[PhoneColumn]:
    """Return the row's phone columns with the number to call first; labels in the row decide."""
    if not any(column.labels for column in layout.phones):
        return list(layout.phones)
    ranked: list[tuple[int, PhoneColumn]] = []
    for column in layout.phones:
        labels = [values[label] for label in column.labels if values.get(label)]
        if any(is_number_of_other_kind(label) for label in labels):
            continue
        words = [word for label in labels for word in fold(label).split()]
        ranked.append((rank_words(words) if words else column.rank, column))
    return [column for _, column in sorted(ranked, key=lambda pair: pair[0])]


def _find_zones(number: PhoneNumber, own: str | None) -> tuple[str, ...]:
    if own:
        return (_check_zone(own),)
    zones = timezone.time_zones_for_number(number)
    found = tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)
    if not found:
        region = phonenumbers.region_code_for_number(number) or "this country"
        raise RowError(
            "time_zone",
            f"the time zone of {format_e164(number)} ({region}) is unknown: provide one",
        )
    return found


@cache
def _check_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RowError("time_zone", f"{name[:40]!r} is not an IANA time zone") from None


def _check_text(header: str, text: str, what: str) -> None:
    if len(text) > _MAX_VALUE:
        raise RowError(header, f"the {what} has more than {_MAX_VALUE:,} characters")
    if "\0" in text:
        raise RowError(header, f"the {what} has a NUL character")
    if not text.isascii() and _LONE_SURROGATE.search(text):
        raise RowError(header, f"the {what} has half of a surrogate pair, which is no character")


def _name(known: Mapping[str, str]) -> str:
    parts = (known.get("first_name"), known.get("last_name"))
    return known.get("name") or " ".join(part for part in parts if part)
