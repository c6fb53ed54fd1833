"""Reads contact lists as the import function does, without a database."""

import io
from typing import Any

from functions.import_contacts.listing import Listing
from functions.import_contacts.readers import Format, Source
from functions.import_contacts.table import Row


def rows(content: str | bytes, kind: Format = "csv") -> list[Row]:
    """Return the rows that the reader yields."""
    return list(source(content, kind).rows())


def source(content: str | bytes, kind: Format = "csv") -> Source:
    return Source(io.BytesIO(content.encode() if isinstance(content, str) else content), kind)


def listing(content: str | bytes, kind: Format = "csv", region: str = "US") -> Listing:
    return Listing(source(content, kind), region)


def contacts(
    content: str | bytes, kind: Format = "csv", region: str = "US"
) -> list[dict[str, Any]]:
    """Return all contacts, and {line, column, problem} of the rows that are none, by line."""
    read = listing(content, kind, region)
    found: list[dict[str, Any]] = []
    while batch := read.read_batch():
        found += batch
    return sorted([*found, *read.tally.errors], key=lambda row: row["line"])


def phones(content: str | bytes, kind: Format = "csv", region: str = "US") -> list[str | None]:
    """Return the number of each row, None where it is refused."""
    return [row.get("phone") for row in contacts(content, kind, region)]
