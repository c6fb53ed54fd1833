"""Follows logs of deployed functions: Cloud Logging by repeated queries, others as printed."""

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from edge.deploy.log_commands import LogQuery
from edge.deploy.programs import ProgramFailed

_LABELS: Final = "logging.googleapis.com/labels"
_SEVERITIES: Final = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")
_LATE: Final = timedelta(seconds=10)
"""Entries may appear so much later than their time says."""
_FOLLOWED_AT_ONCE: Final = 1000
_MOST_REMEMBERED: Final = 5000
_MOST_FAILURES: Final = 5
_JOIN_SECONDS: Final = 5.0
_MOST_WAITING: Final = 1000
"""Lines that wait for the reader; then programs wait with what they print."""
_LONGEST_LINE: Final = 1 << 20
Row = dict[str, Any]


@dataclass(slots=True)
class CloudFollower:
    """Calls `read` again and again; yields each entry once, by its insertId, oldest first."""

    query: LogQuery
    read: Callable[[LogQuery], list[Row]]
    pause: Callable[[], None] = lambda: time.sleep(3)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _seen: dict[str, None] = field(default_factory=dict[str, None], init=False)

    def follow(self) -> Iterator[Row]:
        """Yield the last entries, then new ones, for ever. Raises after failures in a row."""
        query, failures = self.query, 0
        while True:
            asked_at = self.now()
            try:
                found = self.read(query)
                failures = 0
            except ProgramFailed:
                failures += 1
                if failures >= _MOST_FAILURES or query is self.query:
                    raise
            else:
                yield from self._new(found)
                query = replace(self.query, since=asked_at - _LATE, limit=_FOLLOWED_AT_ONCE)
            self.pause()

    def _new(self, found: Iterable[Row]) -> Iterator[Row]:
        for entry in reversed(list(found)):
            key = str(entry.get("insertId") or json.dumps(entry, sort_keys=True))
            if key not in self._seen:
                self._seen[key] = None
                yield entry
        while len(self._seen) > _MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]


def read_line(line: str) -> Row:
    """Read a line of an instance as an entry of Cloud Logging, also one that is no JSON."""
    try:
        members: Any = json.loads(line)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        return {"severity": "DEFAULT", "textPayload": line}
    entry = cast("Row", members)
    known = ("severity", "time", _LABELS)
    severity = entry.get("severity") or ("ERROR" if entry.get("outcome") == "error" else "INFO")
    return {
        "timestamp": str(entry.get("time") or entry.get("timestamp") or ""),
        "severity": str(severity),
        "jsonPayload": {name: value for name, value in entry.items() if name not in known}
        | ({} if "message" in entry else {"message": line}),
        "labels": entry.get(_LABELS, {}),
    }


def matches(entry: Row, query: LogQuery, function: str = "") -> bool:
    """Return whether an entry has the level and the text, and is of the function if named."""
    if function and entry.get("labels", {}).get("function") != function:
        return False
    if query.severity and _rank(entry["severity"]) < _rank(query.severity):
        return False
    return not query.search or query.search in json.dumps(entry, ensure_ascii=False)


def stream(
    commands: Sequence[Sequence[str]], *, most_waiting: int = _MOST_WAITING
) -> Iterator[str]:
    """Yield the lines that programs print, as they come, until all of them have ended.

    Raises ProgramFailed if one ends with an error.
    """
    lines: queue.Queue[str | int] = queue.Queue(most_waiting)
    running = [
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for command in commands
    ]
    pumps = [threading.Thread(target=_pump, args=(p, lines), daemon=True) for p in running]
    for pump in pumps:
        pump.start()
    try:
        left, last = len(pumps), ""
        while left:
            line = lines.get()
            if isinstance(line, str):
                last = line
                yield line
            elif line:
                raise ProgramFailed(f"{commands[0][0]} ended with status {line}: {last}")
            else:
                left -= 1
    finally:
        for process in running:
            process.terminate()
        _drain(pumps, lines)


def _pump(process: subprocess.Popen[str], lines: "queue.Queue[str | int]") -> None:
    assert process.stdout is not None
    with process.stdout as printed:
        while line := printed.readline(_LONGEST_LINE):
            lines.put(line.rstrip("\n"))
    lines.put(process.wait())


def _drain(pumps: Sequence[threading.Thread], lines: "queue.Queue[str | int]") -> None:
    """Let the threads end that wait for room; what the programs still print is dropped."""
    deadline = time.monotonic() + _JOIN_SECONDS
    while any(pump.is_alive() for pump in pumps) and time.monotonic() < deadline:
        with suppress(queue.Empty):
            lines.get(timeout=0.02)


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else 0
