"""A line of a function as an event: its level and the record in it are found once, for all."""

from typing import Final

from edge.events import LogLine
from edge.logs.level import level_of
from edge.logs.record import parse_record

_RECORD_SIZE: Final = 3  # with what was parsed of it


def read_line(
    slug: str, execution_id: str, stream: str, text: str, request_id: str = ""
) -> LogLine:
    """Return the line that was written to `stream` (stdout or stderr)."""
    record = parse_record(text)
    level = level_of(stream, text, record.fields if record else None)
    return LogLine(slug, execution_id, stream, level, text, request_id, record)


def size_of(line: LogLine) -> int:
    """Return roughly the memory that a line takes, in characters."""
    return len(line.text) * (_RECORD_SIZE if line.record else 1)
