"""Streams the lines of an Excel workbook (.xlsx): memory holds one row and the shared texts."""

import datetime
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import IO, Any, Final

from shared.errors import BadInputError
from shared.http.archive import check_archive

from .table import LINES_BEFORE_HEADER, MAX_COLUMNS, Line, names_phone

_MAX_UNPACKED: Final = 200 << 20
_OLE: Final = b"\xd0\xcf\x11\xe0"


def is_workbook(start: bytes) -> bool:
    """Return whether a file begins as a workbook does. Raises BadInputError for an old one."""
    if start.startswith(_OLE):
        raise BadInputError(
            "The list is an old .xls workbook or has a password: save it as .xlsx without one.",
            code="INVALID_WORKBOOK",
        )
    return start.startswith(b"PK\x03\x04")


def read_lines(file: IO[bytes], notices: list[str]) -> Iterator[Line]:
    """Yield the rows of the sheet that has a phone column, the first one otherwise.

    Raises BadInputError INVALID_WORKBOOK or WORKBOOK_TOO_LARGE.
    """
    from openpyxl import load_workbook  # imported on first use: most lists are CSV

    check_archive(file, max_bytes=_MAX_UNPACKED, code="WORKBOOK_TOO_LARGE")
    try:
        with closing(load_workbook(file, read_only=True, data_only=True)) as workbook:
            sheet = _choose_sheet(workbook, notices)
            for number, cells in enumerate(_rows(sheet), 1):
                yield number, [_render(cell) for cell in cells]
    except BadInputError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError) as exc:
        raise _invalid(exc) from None
    except (zipfile.BadZipFile, EOFError, OSError) as exc:
        raise _invalid(exc) from None


def _invalid(error: Exception) -> BadInputError:
    return BadInputError(
        f"The workbook cannot be read ({type(error).__name__}): save it as .xlsx or .csv again.",
        code="INVALID_WORKBOOK",
    )


def _choose_sheet(workbook: Any, notices: list[str]) -> Any:
    sheets = list(workbook.worksheets)
    if not sheets:
        raise BadInputError("The workbook has no sheet.", code="EMPTY_LIST")
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"] or sheets
    named = [sheet for sheet in visible if _names_phone(sheet)]
    chosen = (named or visible)[0]
    if len(visible) > 1:
        notices.append(
            f"The workbook has {len(visible)} sheets: only {chosen.title[:60]!r} is read."
        )
    return chosen


def _names_phone(sheet: Any) -> bool:
    lines = islice(_rows(sheet), LINES_BEFORE_HEADER * 2)
    return any(names_phone([_render(cell) for cell in cells]) for cells in lines)


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # what writers state there is often wrong
    return sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)


def _render(cell: Any) -> str:
    """Render a cell as a CSV file would hold it; a whole number without decimals."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)
