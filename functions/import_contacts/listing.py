"""Reads a list's rows as contacts: what staging stores and a dry run shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Final

from shared.errors import BadInputError, TooLargeError

from .contact import Contact, RowError, read_contact
from .layout import SAMPLE_ROWS, Layouts, render_columns
from .readers import Source
from .table import Row

MAX_ROWS: Final = 100_000
MAX_REPORTED: Final = 1000
_PREVIEWED: Final = 10
_BATCH_ROWS: Final = 2000
_BATCH_SIZE: Final = 2_000_000
_MAX_PROBLEM: Final = 200


@dataclass(slots=True)
class Tally:
    """Counts of rows, and the first row errors: {line, column, problem}."""

    rows: int = 0
    staged: int = 0
    invalid: int = 0
    blocked: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add_error(self, line: int, column: str | None, problem: str) -> dict[str, Any]:
        self.invalid += 1
        named = None if column is None else printable(column)
        error = {"line": line, "column": named, "problem": printable(problem)}
        if len(self.errors) < MAX_REPORTED:
            self.errors.append(error)
        return error


class Listing:
    """The contacts of a list in batches; used in a thread, since it blocks and computes."""

    def __init__(self, source: Source, region: str) -> None:
        self.source = source
        self.tally = Tally()
        self._region = region
        self._rows: Iterator[Row] | None = None
        self._layouts = Layouts([])
        self._sample: list[Row] = []

    def read_batch(self) -> list[dict[str, Any]]:
        """Return the next contacts as `stage_contacts` takes them; empty at the end.

        Rows that are no contacts are in the tally only. Raises BadInputError or TooLargeError.
        """
        batch: list[dict[str, Any]] = []
        size = 0
        for row in self._begin():
            contact = self._read(row)
            if isinstance(contact, Contact):
                batch.append(contact.render(row.line))
                size += sum(len(name) + len(value) for name, value in row.values.items())
            if len(batch) >= _BATCH_ROWS or size > _BATCH_SIZE:
                break
        return batch

    def preview(self) -> dict[str, Any]:
        """Return how columns and the first ten rows are read, and read the rest for its errors."""
        rows = self._begin()
        shown: list[dict[str, Any]] = []
        for row in rows:
            contact = self._read(row)
            if len(shown) < _PREVIEWED:
                shown.append(_render_row(row.line, contact))
        sample = [row.values for row in self._sample]
        layout = self._layouts.find(dict.fromkeys(name for values in sample for name in values))
        return {
            "format": self.source.format,
            "encoding": self.source.encoding or None,
            "default_region": self._region,
            "columns": [_printable_values(column) for column in render_columns(layout, sample)],
            "preview": shown,
        }

    def _begin(self) -> Iterator[Row]:
        """Return the rows that are left, after a sample of them has shown what the columns hold."""
        if self._rows is None:
            rows = self.source.rows()
            self._sample = list(islice(rows, SAMPLE_ROWS))
            self._layouts = Layouts([row.values for row in self._sample])
            self._check_phone_column()
            self._rows = chain(self._sample, rows)
        return self._rows

    def _check_phone_column(self) -> None:
        headers = list(self._sample[0].values) if self._sample and self.source.is_table else []
        if headers and not self._layouts.find(headers).phones:
            raise BadInputError(
                f"No column is named phone, among: {', '.join(headers)[:500]}.",
                code="NO_PHONE_COLUMN",
            )

    def _read(self, row: Row) -> Contact | dict[str, Any]:
        """Return the contact, or the row's error."""
        self.tally.rows += 1
        if self.tally.rows > MAX_ROWS:
            raise TooLargeError(
                f"The list has more than {MAX_ROWS:,} rows: split it.", code="TOO_MANY_ROWS"
            )
        if row.problem:
            return self.tally.add_error(row.line, None, row.problem)
        try:
            contact = read_contact(row.values, self._layouts.find(row.values), self._region)
        except RowError as exc:
            return self.tally.add_error(row.line, exc.column, str(exc))
        self.tally.blocked += bool(contact.do_not_call)
        return contact


def _render_row(line: int, contact: Contact | dict[str, Any]) -> dict[str, Any]:
    if isinstance(contact, dict):
        return contact
    shown = contact.render(line)
    return _printable_values({**shown, "do_not_call": bool(contact.do_not_call)})


def _printable_values(values: dict[str, Any]) -> dict[str, Any]:
    return {k: printable(v) if isinstance(v, str) else v for k, v in values.items()}


def printable(text: str) -> str:
    """Truncate and escape lone surrogates: column names are the caller's."""
    return text[:_MAX_PROBLEM].encode("utf-8", "backslashreplace").decode()
