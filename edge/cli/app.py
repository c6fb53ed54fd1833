"""The `edge` command: the built-in commands and those of the project.

A command imports what it needs when it runs, so that `edge --help` and completion stay quick.
"""

import typer

from edge.cli.contributed import EdgeGroup

EXIT_CODES = (
    "Exit status: 0 done · 1 the operation failed (a non-2xx response, a failed check) · "
    "2 wrong usage, or a problem you can fix, such as a stack that does not run · 130 Ctrl-C."
)

app = typer.Typer(
    cls=EdgeGroup,
    help="Supabase-style edge functions in Python, on this machine.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def edge() -> None:
    """Have no options of its own; typer makes a group of an app with a callback."""
