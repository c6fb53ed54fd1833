"""Stages rows in the database in batches and turns them into contacts in one transaction."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context

from .contact import RowError, read_contact
from .readers import Row

MAX_ROWS: Final = 100_000
MAX_REPORTED: Final = 1000
_BATCH_ROWS: Final = 2000
_BATCH_SIZE: Final = 2_000_000
_MAX_PROBLEM: Final = 200


@dataclass(slots=True)
class Tally:
    """Counts of rows, and the first row errors: {line, column, problem}."""

    rows: int = 0
    staged: int = 0
    invalid: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add_error(self, line: int, column: str | None, problem: str) -> None:
        self.invalid += 1
        if len(self.errors) < MAX_REPORTED:
            named = None if column is None else _printable(column)
            self.errors.append({"line": line, "column": named, "problem": _printable(problem)})


class TooManyRowsError(Exception):
    """The list has more than MAX_ROWS rows."""


@dataclass(frozen=True, slots=True)
class Import:
    """A started import; no contacts exist before `commit`."""

    ctx: Context
    id: str

    @staticmethod
    async def begin(ctx: Context, campaign_id: UUID) -> "Import":
        """Start an import; 404, 403 or 409 if the caller may not add contacts."""
        call = ctx.caller.rpc("begin_contact_import_v1", {"campaign_id": str(campaign_id)})
        return Import(ctx, str((await call.execute()).data))

    async def stage(self, rows: Iterable[Row], region: str) -> Tally:
        """Stage all valid rows and count the others as errors."""
        tally = Tally()
        remaining = iter(rows)
        while batch := await asyncio.to_thread(read_batch, remaining, region, tally):
            if contacts := [contact for contact in batch if contact]:
                body = {"import_id": self.id, "contacts": contacts}
                await self.ctx.caller.rpc("stage_contacts_v1", body).execute()
                tally.staged += len(contacts)
        return tally

    async def commit(self, tally: Tally) -> dict[str, Any]:
        """Insert the staged contacts. Returns {imported, duplicate_count, duplicates}."""
        body = {"import_id": self.id, "staged": tally.staged}
        call = self.ctx.caller.rpc("commit_contact_import_v1", body)
        return cast("dict[str, Any]", (await call.execute()).data)

    async def abandon(self) -> None:
        """Delete the staged rows."""
        await self.ctx.caller.rpc("abandon_contact_import_v1", {"import_id": self.id}).execute()


def read_batch(rows: Iterator[Row], region: str, tally: Tally) -> list[dict[str, Any] | None]:
    """Return the next rows as contacts, None for each invalid row; empty at the end."""
    batch: list[dict[str, Any] | None] = []
    size = 0
    for row in islice(rows, _BATCH_ROWS):
        batch.append(_read(row, region, tally))
        size += sum(len(name) + len(value) for name, value in row.values.items())
        if size > _BATCH_SIZE:
            break
    return batch


def _read(row: Row, region: str, tally: Tally) -> dict[str, Any] | None:
    tally.rows += 1
    if tally.rows > MAX_ROWS:
        raise TooManyRowsError
    if row.problem:
        tally.add_error(row.line, None, row.problem)
        return None
    try:
        return read_contact(row.values, region).render(row.line)
    except RowError as exc:
        tally.add_error(row.line, exc.column, str(exc))
        return None


def _printable(text: str) -> str:
    """Truncate and escape lone surrogates: column names are the caller's."""
    return text[:_MAX_PROBLEM].encode("utf-8", "backslashreplace").decode()
