"""What the command line says, and where: answers on standard output, remarks on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
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
    """Say something that no script reads."""
    remarks.print(Text(text), style=style)


def print_error(error: EdgeError) -> None:
    remarks.print(Text.assemble(("✗ ", "bold red"), error.message))
    if error.cure:
        remarks.print(Text(f"  {error.cure}"))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document for a script."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for a person; in a pipe no cell is broken."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def confirm(question: str, *, yes: bool) -> None:
    """Return if the person agrees; a script must have agreed by --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise EdgeError(f"{question} Nobody is there to answer.", cure="Say it beforehand: --yes")
    remarks.print(Text(f"{question} [y/N] "), end="")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        remark("Nothing was changed.")
        raise typer.Exit(FAILED)
