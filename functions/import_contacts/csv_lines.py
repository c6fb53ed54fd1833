"""Lines of a CSV file in the dialects of spreadsheets: separators, quotes, `sep=;`."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from shared.errors import BadInputError

from .table import Line, names_phone

_DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 65_536
_SAMPLE_LINES: Final = 12
_DIRECTIVE: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def read_lines(text: io.TextIOWrapper) -> Iterator[Line]:
    """Yield each record with its first line's number. Raises BadInputError INVALID_CSV."""
    sample = text.read(_SAMPLE)
    text.seek(0)
    directive = _DIRECTIVE.fullmatch(sample.partition("\n")[0])
    skipped = 0
    if directive:
        text.readline()
        skipped = 1
    delimiter = directive[1] if directive else find_delimiter(sample)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for values in reader:
            yield begins + skipped, values
            begins = reader.line_num + 1
    except csv.Error as exc:
        raise BadInputError(f"The list is not valid CSV: {exc}.", code="INVALID_CSV") from None


def find_delimiter(sample: str) -> str:
    """Return the separator with the most columns, preferring one that gives a phone column."""
    return max(_DELIMITERS, key=lambda delimiter: _score(sample, delimiter))


def _score(sample: str, delimiter: str) -> tuple[bool, int]:
    lines = io.StringIO(sample, newline="")
    try:
        rows = list(islice(csv.reader(lines, delimiter=delimiter), _SAMPLE_LINES))
    except csv.Error:
        return False, 0
    header = next((row for row in rows if names_phone(row)), None)
    filled = [row for row in rows if any(row)]
    widest = header or (filled[0] if filled else [])
    return header is not None, len(widest)
