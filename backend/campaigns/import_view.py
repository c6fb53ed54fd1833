"""Terminal view of an import: its preview, its progress, its report."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from rich.table import Table
from rich.text import Text

from backend.campaigns.project import messages, note


@contextmanager
def show_progress() -> Generator[Callable[[int], None]]:
    """Show on a terminal how many rows are read; give nothing to a pipe."""
    if not messages.is_terminal:
        yield lambda _rows: None
        return
    with messages.status("Sending the list…") as status:
        yield lambda rows: status.update(f"{rows:,} rows read…")


def print_preview(report: dict[str, Any]) -> None:
    """Print how columns and the first ten rows are read, and what is refused."""
    columns = Table("column", "read as", "example", box=None, pad_edge=False)
    for column in report["columns"]:
        columns.add_row(*(Text(column[name]) for name in ("column", "read_as", "example")))
    messages.print(columns)
    rows = Table("line", "phone", "name", "", box=None, pad_edge=False)
    for row in report["preview"]:
        rows.add_row(
            str(row["line"]), row.get("phone", "—"), Text(row.get("name", "")), _remark(row)
        )
    messages.print(rows)
    _print_notices(report)
    _print_errors(report)
    kept = report["rows"] - report["error_count"] - report["do_not_call_count"]
    note(
        f"{kept:,} of {report['rows']:,} rows would be imported, {report['do_not_call_count']:,}"
        f" put on the do-not-call list, {report['error_count']:,} refused. Nothing is stored."
    )


def _remark(row: dict[str, Any]) -> Text:
    if "problem" in row:
        return Text(row["problem"], "red")
    return Text("do not call", "yellow") if row["do_not_call"] else Text("")


def print_import(report: dict[str, Any]) -> None:
    """Print what was imported, listed and refused."""
    _print_notices(report)
    _print_errors(report)
    note(
        f"{report['imported']:,} of {report['rows']:,} rows imported,"
        f" {report['duplicate_count']:,} exist already, {report['error_count']:,} refused."
    )
    if blocked := report["do_not_call_count"]:
        note(f"{blocked:,} are not to be called: their numbers are on the do-not-call list.")


def _print_notices(report: dict[str, Any]) -> None:
    for notice in report.get("notices", ()):
        note(notice, "yellow")


def _print_errors(report: dict[str, Any]) -> None:
    for fault in report["errors"]:
        note(f"line {fault['line']}: {fault['problem']}", "red")
    if unnamed := report["error_count"] - len(report["errors"]):
        note(f"and {unnamed:,} more", "red")
