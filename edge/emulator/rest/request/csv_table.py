"""Convert CSV to JSON: the header as an array of names, and the rows as an array of arrays.

Also a program, which reads CSV from stdin and writes the header, a line feed and the rows to
stdout; it runs without site-packages, so it imports nothing but the standard library.
"""

import csv
import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Final, TextIO

REFUSED: Final = 3
"""The program's exit status; what is wrong is on stderr."""
TOO_MANY: Final = 4
"""The program's exit status for too many rows."""
_MAX_COLUMNS: Final = 2_000
"""More than any table has."""
_CPU_SECONDS: Final = 120
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class CsvError(ValueError):
    """The text is not a table; the message is PostgREST's."""


class TooManyRowsError(CsvError):
    """The table has more rows than are accepted."""


def convert_csv(text: TextIO, max_rows: int) -> Iterator[str]:
    """Yield the header, then the pieces of the rows. The unquoted and quoted text NULL is null."""
    try:
        lines = csv.reader(text, strict=True)
        header = next(lines, None)
        if header is None:
            raise CsvError('parse error (not enough input) at ""')
        if len(header) > _MAX_COLUMNS:
            raise CsvError(f"The csv has more than {_MAX_COLUMNS} columns")
        yield _encode(header)
        yield from _convert_rows(lines, len(header), max_rows)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise CsvError("Empty or invalid csv") from exc


def _convert_rows(lines: Iterator[list[str]], width: int, max_rows: int) -> Iterator[str]:
    separator = "["
    for number, row in enumerate(lines, 1):
        if len(row) != width:
            raise CsvError("All lines must have same number of fields")
        if number > max_rows:
            raise TooManyRowsError
        yield separator + _encode([None if value == "NULL" else value for value in row])
        separator = ","
    yield "[]" if separator == "[" else "]"


def open_csv(body: bytes) -> TextIO:
    return io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")


def _main(max_rows: int, max_memory: int) -> int:
    if max_memory:  # zero where the system has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (max_memory, max_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    csv.field_size_limit(sys.maxsize)
    pieces = convert_csv(io.TextIOWrapper(sys.stdin.buffer, "utf-8", newline=""), max_rows)
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="")
    try:
        out.write(next(pieces) + "\n")
        out.writelines(pieces)
        out.flush()
    except TooManyRowsError:
        return TOO_MANY
    except (CsvError, MemoryError) as exc:
        sys.stderr.write(str(exc) or "A row of the request body is too large")
        sys.stderr.flush()
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2])))
