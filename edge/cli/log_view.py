"""Log entries on the terminal: a readable line, or JSON as stored."""

import re
import sys
from datetime import datetime
from typing import Final

from rich.text import Text

from edge.cli.console import answers
from edge.cli.options import Format
from edge.events import Level
from edge.logs.entry import Entry, render_entry

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLES: Final = {
    Level.DEBUG: "dim",
    Level.INFO: "",
    Level.WARNING: "yellow",
    Level.ERROR: "red",
}


def print_entry(entry: Entry, output: Format) -> None:
    """Print to standard output and flush, also into a pipe."""
    if output == "json":
        sys.stdout.write(render_entry(entry).decode() + "\n")
        sys.stdout.flush()
    else:
        answers.print(render_line(entry, datetime.now().astimezone()))


def render_line(entry: Entry, now: datetime) -> Text:
    """Render time, function, level and message; with the date unless it is today."""
    moment = entry.time.astimezone(now.tzinfo)
    clock = f"{moment:%H:%M:%S}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S}"
    # Functions may print anything: remove control characters, which could move the cursor.
    message = _CONTROL.sub("", Text.from_ansi(entry.message).plain)
    return Text.assemble(
        (f"{clock} ", "dim"),
        (f"{entry.function or 'edge':<20} ", "bold"),
        (f"{entry.level.value:<8}", _STYLES[entry.level]),
        (message, _STYLES[entry.level]),
    )
