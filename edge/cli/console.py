"""Output of the command line: results to standard output, messages to standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.cli.exit import FAILED
from edge.errors import EdgeError

_PIPE_WIDTH: Final = 1000

answers = Console(highlight=False, soft_wrap=True)
remarks = Console(stderr=True, highlight=False, soft_wrap=True)


def remark(text: str, style: str = "") -> None:
    """Print a message to standard error."""
    remarks.print(Text(text), style=style)


def print_error(error: EdgeError) -> None:
    """Print an error and its cure to standard error."""
    remarks.print(Text.assemble(("✗ ", "bold red"), error.message))
    if error.cure:
        remarks.print(Text(f"  {error.cure}"))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def print_text(text: str) -> None:
    """Print text that is to be used as it is to standard output."""
    sys.stdout.write(text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to standard output; cells are not wrapped when that is a pipe."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def print_details(details: Mapping[str, str], console: Console) -> None:
    """Print names and values, one pair a line."""
    for name, value in details.items():
        label = name.replace("_", " ").lower()
        console.print(Text.assemble(f"{label:>18}: ", (str(value), "cyan")))


def confirm(question: str, *, yes: bool) -> None:
    """Prompt for a yes. Raises typer.Exit(1) on any other input, EdgeError without a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise EdgeError(f"{question} There is no terminal to confirm at.", cure="Add --yes.")
    remarks.print(Text(f"{question} [y/N] "), end="")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        remark("Nothing was changed.")
        raise typer.Exit(FAILED)
