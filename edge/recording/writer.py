"""The writer's side of the recording, on a thread of its own: rows made, and stored."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from edge.recording.assembly import Assembler
from edge.recording.items import Item
from edge.recording.store import Batch, Store

_LOG: Final = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 0.5
_MISSING: Final = frozenset(("3F000", "42P01"))
"""SQLSTATEs of a schema or table that is not there: the database was made anew."""


@dataclass(slots=True)
class Writer:
    """Stores items; waits while the database is away, until `closing` is set."""

    store: Store
    assembler: Assembler
    closing: threading.Event

    def write(self, items: Sequence[Item]) -> int:
        """Store the items; returns the number of rows that were given up."""
        try:
            batch = self.assembler.assemble(items)
        except Exception:
            _LOG.exception("What happened is not recorded")
            return len(items)
        return self._store(batch)

    def _store(self, batch: Batch) -> int:
        """Store a batch; rows that the database refuses are left out, and counted."""
        has_tables = True
        while not batch.is_empty:
            try:
                self.store.write(batch)
            except psycopg.Error as exc:
                if isinstance(exc, psycopg.DataError) and (parts := batch.split()):
                    return sum(map(self._store, parts))
                self.store.close()
                if exc.sqlstate in _MISSING and has_tables:
                    has_tables = False
                elif self._gives_up(exc):
                    return batch.size
            else:
                break
        return 0

    def close(self) -> None:
        """Close the connection, and send spans that are left."""
        self.store.close()
        if self.assembler.export:
            self.assembler.export.close()

    def _gives_up(self, error: psycopg.Error) -> bool:
        """Whether to let a batch go; otherwise wait for the next attempt."""
        is_away = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        if not is_away:
            _LOG.warning("What happened is not recorded: %s", error)
            return True
        return self.closing.wait(_RETRY_SECONDS)
