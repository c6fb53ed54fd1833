"""Decides what each column of a list holds, by its name and by a sample of its values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .headers import PhoneName, field_of, find_labels, find_phone_name, is_record_name
from .numbers import looks_like_number
from .opt_out import OptOutColumn, find_opt_out
from .words import fold

SAMPLE_ROWS: Final = 200
_MOST_LAYOUTS: Final = 500
_CLEARLY: Final = 0.8
_UNMISTAKABLE: Final = re.compile(
    r"[('\s]*(\+|00)\s*\(?\d|\(\d{2,5}\)|0\d|\d{2,4}[ .-]\d{3}[ .-]\d{4}$"
)
_GENERIC_NAMES: Final = frozenset(("name", "nom", "nombre", "nome", "naam", "imie i nazwisko"))


@dataclass(frozen=True, slots=True)
class PhoneColumn:
    """A column of phone numbers, and the columns that say which kind of number a row has there."""

    header: str
    rank: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a list hold. `phones` are in the order in which a row's are tried."""

    phones: tuple[PhoneColumn, ...]
    fields: tuple[tuple[str, str], ...]
    opt_outs: tuple[OptOutColumn, ...]
    variables: tuple[str, ...]

    def describe(self, header: str) -> str:
        """Return what a column is read as, for people."""
        if header in {column.header for column in self.phones}:
            return "phone"
        if name := dict(self.fields).get(header):
            return name
        for column in self.opt_outs:
            if column.header == header:
                return "consent" if column.is_consent else "do_not_call"
        return "variable" if header in self.variables else "ignored"


@dataclass(slots=True)
class Evidence:
    """How many sampled values a column has, and how many of them look like phone numbers."""

    filled: int = 0
    numbers: int = 0
    unmistakable: int = 0

    def add(self, value: str) -> None:
        if value.strip():
            self.filled += 1
            is_number = looks_like_number(value)
            self.numbers += is_number
            self.unmistakable += is_number and bool(_UNMISTAKABLE.match(value.strip()))

    @property
    def may_be_numbers(self) -> bool:
        return not self.filled or self.numbers > 0

    @property
    def are_numbers(self) -> bool:
        return bool(self.filled) and self.numbers >= self.filled * _CLEARLY

    @property
    def are_unmistakable(self) -> bool:
        return self.are_numbers and self.unmistakable >= self.filled * _CLEARLY


@dataclass(slots=True)
class Layouts:
    """Layouts of a list's rows: of all rows of a table, of each kind of object in JSON."""

    sample: Sequence[Mapping[str, str]]
    _evidence: dict[str, Evidence] = field(default_factory=dict[str, Evidence])
    _made: dict[tuple[str, ...], Layout] = field(default_factory=dict[tuple[str, ...], Layout])

    def __post_init__(self) -> None:
        for values in self.sample:
            for header, value in values.items():
                self._evidence.setdefault(header, Evidence()).add(value)

    def find(self, headers: Iterable[str]) -> Layout:
        """Return the layout of rows with these columns."""
        key = tuple(headers)
        if (found := self._made.get(key)) is None:
            if len(self._made) >= _MOST_LAYOUTS:
                self._made.clear()
            found = self._made[key] = _arrange(key, self._evidence)
        return found


def _arrange(headers: tuple[str, ...], evidence: Mapping[str, Evidence]) -> Layout:
    seen = {header: evidence.get(header, Evidence()) for header in headers}
    opt_outs = [
        column
        for header in headers
        if (column := find_opt_out(header)) and not seen[header].are_numbers
    ]
    taken = {column.header for column in opt_outs}
    phones = _choose_phones([header for header in headers if header not in taken], seen)
    taken |= {column.header for column in phones}
    named = [header for header in headers if header not in taken]
    fields = _name_fields(named)
    taken |= {header for header, _ in fields}
    unused = {
        header
        for header in named
        if (name := find_phone_name(header)) and not name.is_weak and seen[header].may_be_numbers
    }
    variables = tuple(h for h in named if h.strip() and h not in taken and h not in unused)
    return Layout(tuple(phones), tuple(fields), tuple(opt_outs), variables)


def _choose_phones(headers: list[str], seen: Mapping[str, Evidence]) -> list[PhoneColumn]:
    """Choose columns by name and content; else vaguely named ones; else one by content alone."""
    names = {header: name for header in headers if (name := find_phone_name(header))}
    strong = {h: name for h, name in names.items() if not name.is_weak}
    chosen = {h: name for h, name in strong.items() if seen[h].may_be_numbers}
    if not any(seen[header].filled for header in chosen):
        chosen |= _by_content(headers, names, seen)
    chosen = chosen or strong
    every = frozenset(headers) | {
        label for h in headers for label in find_labels(h, frozenset(seen))
    }
    columns = [
        PhoneColumn(header, name.rank, tuple(find_labels(header, every)))
        for header, name in chosen.items()
    ]
    return sorted(columns, key=lambda column: column.rank)


def _by_content(
    headers: list[str], names: Mapping[str, PhoneName], seen: Mapping[str, Evidence]
) -> dict[str, PhoneName]:
    weak = {
        header: name
        for header, name in names.items()
        if name.is_weak and (seen[header].are_numbers or not seen[header].filled)
    }
    if any(seen[header].filled for header in weak):
        return weak
    looking = [h for h in headers if seen[h].are_unmistakable and not is_record_name(h)]
    return {looking[0]: PhoneName(0)} if len(looking) == 1 else weak


def _name_fields(headers: list[str]) -> list[tuple[str, str]]:
    """Name the fields: `Name` is the last name beside `Vorname`, the first beside `Apellidos`."""
    found = [(header, name) for header in headers if (name := field_of(header))]
    names = {name for _, name in found}
    has_first, has_last = "first_name" in names, "last_name" in names
    generic = "last_name" if has_first else "first_name"
    if has_first == has_last:
        return found
    return [
        (header, generic if name == "name" and _is_generic(header) else name)
        for header, name in found
    ]


def _is_generic(header: str) -> bool:
    return fold(header) in _GENERIC_NAMES


def render_columns(layout: Layout, sample: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Render each column with what it is read as and one of its values."""
    headers = {header: "" for values in sample for header in values}
    for values in sample:
        for header, value in values.items():
            headers[header] = headers[header] or value.strip()[:80]
    return [
        {"column": header[:80], "read_as": layout.describe(header), "example": example}
        for header, example in headers.items()
    ]
