"""Readers of lists: rows of text values, one at a time from a file on disk, whatever the format."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final, Literal

from shared.errors import UnsupportedMediaError

from .csv_lines import read_lines as read_csv_lines
from .encoding import NOTICE, decoded, detect_encoding
from .json_rows import read_rows
from .table import Row, read_table
from .workbook import is_workbook
from .workbook import read_lines as read_workbook_lines

Format = Literal["csv", "json", "xlsx"]

_START: Final = 8
_FORMATS: Final[dict[str, Format]] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/vnd.ms-excel": "csv",  # what browsers on Windows call a CSV file
    "application/octet-stream": "csv",
    "application/json": "json",
    "application/x-ndjson": "json",
    "application/jsonl": "json",
    "application/x-jsonlines": "json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


@dataclass(slots=True)
class Source:
    """A list to read: its format, its encoding, and what its reader noticed."""

    file: IO[bytes]
    format: Format
    encoding: str = ""
    notices: list[str] = field(default_factory=list[str])

    @property
    def is_table(self) -> bool:
        return self.format != "json"

    def rows(self) -> Iterator[Row]:
        """Yield the rows. Raises BadInputError with the problem's code; blocks while it reads."""
        start = self.file.read(_START)
        self.file.seek(0)
        if self.format == "xlsx" or is_workbook(start):
            self.format = "xlsx"
            yield from read_table(read_workbook_lines(self.file, self.notices))
            return
        self.encoding = detect_encoding(self.file, has_fallback=self.format == "csv")
        if self.encoding == "cp1252":
            self.notices.append(NOTICE)
        if self.format == "json":
            with decoded(self.file, self.encoding) as text:
                yield from read_rows(text)
        else:
            with decoded(self.file, self.encoding, newline="") as text:
                yield from read_table(read_csv_lines(text))


def choose_format(content_type: str) -> Format:
    """Return the format of a media type. Raises UnsupportedMediaError."""
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        return _FORMATS[media_type]
    except KeyError:
        raise UnsupportedMediaError(
            "The body must be text/csv, application/json, application/x-ndjson or an .xlsx workbook"
            f" ({list(_FORMATS)[-1]}), not {media_type[:80] or 'missing'}."
        ) from None
