"""Validates one row of an import and turns it into a contact that can be dialled."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, timezone

_ALIASES: Final = {
    "phone": "phone phone_number mobile mobile_phone cell telephone tel number to_number",
    "name": "name full_name contact contact_name",
    "first_name": "first_name firstname given_name",
    "last_name": "last_name lastname surname family_name",
    "email": "email email_address e_mail",
    "company": "company company_name organization organisation account",
    "notes": "notes note comment comments",
    "time_zone": "time_zone timezone tz",
}
_FIELD_OF: Final = {alias: name for name, words in _ALIASES.items() for alias in words.split()}
_OWN_COLUMNS: Final = ("email", "company", "notes")
_UNKNOWN_ZONE: Final = "Etc/Unknown"
_MAX_VALUE: Final = 10_000
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class RowError(Exception):
    """An invalid row: the problem and its column."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact to call; `time_zones` are all zones the number may be in."""

    phone: str
    name: str
    time_zones: tuple[str, ...]
    email: str | None = None
    company: str | None = None
    notes: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def render(self, line: int) -> dict[str, Any]:
        """Render the JSON that `stage_contacts` takes."""
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


def field_of(header: str) -> str | None:
    """Return the contact field of a column header, None for a dynamic variable."""
    return _FIELD_OF.get(_SEPARATORS.sub("_", header.strip().lower()).strip("_"))


def is_region(code: str) -> bool:
    """Return whether this is an ISO 3166 region whose national numbers can be parsed."""
    return code in phonenumbers.SUPPORTED_REGIONS


def read_contact(row: Mapping[str, str], region: str) -> Contact:
    """Parse a row of header → value. Raises RowError with the invalid column."""
    known: dict[str, str] = {}
    variables: dict[str, str] = {}
    for header, raw in row.items():
        value = raw.strip()
        _check_text(header, header, "name of the column")
        _check_text(header, value, "value")
        if (name := field_of(header)) is None:
            variables[header.strip()] = value
        elif value:
            known.setdefault(name, value)
    phone, zones = _read_phone(known.get("phone", ""), region)
    if own := known.get("time_zone"):
        zones = (_check_zone(own),)
    if not zones:
        raise RowError("time_zone", f"the time zone of {phone} is unknown: provide one")
    return Contact(
        phone,
        known.get("name") or _join(known.get("first_name"), known.get("last_name")),
        zones,
        variables=variables,
        **{name: known.get(name) for name in _OWN_COLUMNS},
    )


def _read_phone(text: str, region: str) -> tuple[str, tuple[str, ...]]:
    if not text:
        raise RowError("phone", "there is no phone number")
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        raise RowError("phone", f"{text[:40]!r} is not a phone number") from None
    if number.extension:
        raise RowError("phone", f"{text[:40]!r} has an extension, which cannot be dialled")
    if not phonenumbers.is_valid_number(number):
        raise RowError("phone", f"{text[:40]!r} cannot be dialled: no such number exists")
    zones = timezone.time_zones_for_number(number)
    phone = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return phone, tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)


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


def _join(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def has_phone(headers: Iterable[str]) -> bool:
    """Return whether one of the headers names the phone column."""
    return any(field_of(header) == "phone" for header in headers)
