"""Running stack of a project, from `edge status`; output and errors of `edge campaign`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

FAILED = 1
"""Exit status: rows were refused."""
OPERATOR_ERROR = 2
"""Exit status: a problem you can fix."""

messages = Console(stderr=True, highlight=False, soft_wrap=True)


class CampaignError(Exception):
    """A problem that the user can fix; `cure` says how."""

    def __init__(self, message: str, *, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class CampaignGroup(TyperGroup):
    """Group of commands that print a CampaignError without a traceback and exit with status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CampaignError as exc:
            messages.print(Text.assemble(("✗ ", "bold red"), exc.message))
            if exc.cure:
                messages.print(Text(f"  {exc.cure}"))
            raise typer.Exit(OPERATOR_ERROR) from exc


def running_stack(workdir: Path) -> dict[str, Any]:
    """Return URLs and keys of the project's running stack: API_URL, SECRET_KEY, and so on.

    Raises typer.Exit with the exit status of `edge status`, which prints why, if none runs.
    """
    status = subprocess.run(
        [sys.executable, "-m", "edge", "status", "-o", "json", "--workdir", str(workdir)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if status.returncode:
        raise typer.Exit(status.returncode)
    return json.loads(status.stdout)


def note(text: str, style: str = "") -> None:
    """Print a message to standard error."""
    messages.print(Text(text), style=style)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")
    sys.stdout.flush()
