"""Reads what Postgres writes into its log: entries with their details, and the request if known."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.events import Level
from edge.recording.items import ServiceLine

_REQUEST: Final = "request "
"""Begins the `application_name` by which services name a request."""
_LOG: Final = logging.getLogger(__name__)
_ENTRY: Final = re.compile(
    r"\d{4}-\d\d-\d\d [\d:.]+ \S+ \[(?P<pid>\d+)\] \((?P<name>[^)]*)\) (?P<level>[A-Z0-9]+):  "
    r"(?P<text>.*)"
)
_MORE: Final = frozenset(("DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION"))
_LEVELS: Final = {
    **dict.fromkeys(("ERROR", "FATAL", "PANIC"), Level.ERROR),
    "WARNING": Level.WARNING,
}
_MOST_BYTES: Final = 256 * 1024
_LONGEST: Final = 10_000
_SECONDS: Final = 0.5


@dataclass(slots=True)
class PostgresLog:
    """Follows the file from its end on; what is written faster than it is read is left out."""

    path: Path
    take: Callable[[ServiceLine], None]
    _at: int = field(default=0, init=False)
    _rest: str = field(default="", init=False)

    async def follow(self) -> None:
        """Read until cancelled."""
        self._at = self._size()
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                if self._size() != self._at:
                    await asyncio.to_thread(self.read)
            except OSError as exc:
                _LOG.warning("Postgres's log is not read: %s", exc)
                return

    def read(self) -> None:
        """Take the entries that were written since the last time."""
        size = self._size()
        if size < self._at:  # it was rotated
            self._at, self._rest = 0, ""
        if size - self._at > _MOST_BYTES:
            left_out = size - self._at - _MOST_BYTES
            text = f"{left_out:,} bytes of Postgres's log are left out: see {self.path}"
            self.take(ServiceLine(time.time(), "postgres", Level.WARNING, text))
            self._at, self._rest = size - _MOST_BYTES, ""
        with self.path.open("rb") as file:
            file.seek(self._at)
            data = file.read(_MOST_BYTES)
        self._at += len(data)
        text, newline, rest = (self._rest + data.decode("utf-8", "replace")).rpartition("\n")
        self._rest = rest[:_LONGEST]
        if newline:
            for line in parse(text):
                self.take(line)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def parse(text: str) -> Iterator[ServiceLine]:
    """Yield the entries of a text of whole lines, each with its details."""
    parts: list[str] = []
    first: re.Match[str] | None = None
    for line in text.splitlines():
        match = _ENTRY.match(line)
        is_more = match is None or (
            first is not None and match["level"] in _MORE and match["pid"] == first["pid"]
        )
        if is_more:
            parts.append(f"{match['level']}:  {match['text']}" if match else line)
            continue
        if first:
            yield _render(first, parts)
        first, parts = match, []
    if first:
        yield _render(first, parts)


def _render(first: re.Match[str], parts: list[str]) -> ServiceLine:
    level = _LEVELS.get(first["level"], Level.INFO)
    text = "\n".join([f"{first['level']}:  {first['text']}", *parts])[:_LONGEST]
    name = first["name"]
    request_id = name.removeprefix(_REQUEST) if name.startswith(_REQUEST) else ""
    return ServiceLine(time.time(), "postgres", level, text, request_id)
