"""From rows to contacts in the database: staged piece by piece, then all of them at once."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context

from .contact import RowError, read_contact
from .listing import Row

MAX_ROWS: Final = 100_000
MAX_TOLD: Final = 1000
_PIECE: Final = 2000
_PIECE_SIZE: Final = 2_000_000
_MAX_PROBLEM: Final = 200


@dataclass(slots=True)
class Tally:
    """What became of the rows; the first faults by line."""

    rows: int = 0
    staged: int = 0
    faulty: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def refuse(self, line: int, column: str | None, problem: str) -> None:
        self.faulty += 1
        if len(self.faults) < MAX_TOLD:
            named = None if column is None else _tellable(column)
            self.faults.append({"line": line, "column": named, "problem": _tellable(problem)})


class TooManyRowsError(Exception):
    """The list is longer than an import takes."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import under way; until `commit`, no contact exists."""

    ctx: Context
    id: str

    @staticmethod
    async def begin(ctx: Context, campaign_id: UUID) -> "Import":
        """404, 403 or 409 when the caller cannot add contacts to this campaign."""
        call = ctx.caller.rpc("begin_contact_import", {"campaign_id": str(campaign_id)})
        return Import(ctx, str((await call.execute()).data))

    async def stage(self, rows: Iterable[Row], region: str) -> Tally:
        """Read and stage all rows; the faulty ones are told, not staged."""
        tally = Tally()
        remaining = iter(rows)
        while piece := await asyncio.to_thread(read_piece, remaining, region, tally):
            if contacts := [contact for contact in piece if contact]:
                body = {"import_id": self.id, "contacts": contacts}
                await self.ctx.caller.rpc("stage_contacts", body).execute()
                tally.staged += len(contacts)
        return tally

    async def commit(self, tally: Tally) -> dict[str, Any]:
        """Make contacts of what is staged: {imported, duplicate_count, duplicates}."""
        body = {"import_id": self.id, "staged": tally.staged}
        call = self.ctx.caller.rpc("commit_contact_import", body)
        return cast("dict[str, Any]", (await call.execute()).data)

    async def abandon(self) -> None:
        """Forget what is staged."""
        await self.ctx.caller.rpc("abandon_contact_import", {"import_id": self.id}).execute()


def read_piece(rows: Iterator[Row], region: str, tally: Tally) -> list[dict[str, Any] | None]:
    """The next rows as contacts, None for a faulty one; empty at the end."""
    piece: list[dict[str, Any] | None] = []
    size = 0
    for row in islice(rows, _PIECE):
        piece.append(_read(row, region, tally))
        size += sum(len(name) + len(value) for name, value in row.values.items())
        if size > _PIECE_SIZE:
            break
    return piece


def _read(row: Row, region: str, tally: Tally) -> dict[str, Any] | None:
    tally.rows += 1
    if tally.rows > MAX_ROWS:
        raise TooManyRowsError
    if row.problem:
        tally.refuse(row.line, None, row.problem)
        return None
    try:
        return read_contact(row.values, region).render(row.line)
    except RowError as exc:
        tally.refuse(row.line, exc.column, str(exc))
        return None


def _tellable(text: str) -> str:
    """Cut, and without halves of characters: column names are the caller's."""
    return text[:_MAX_PROBLEM].encode("utf-8", "backslashreplace").decode()
