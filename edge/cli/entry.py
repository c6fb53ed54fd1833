"""Where the command line begins and ends: exit codes, and no traceback for a person's mistake."""

from typing import Final, NoReturn

from edge.errors import EdgeError

FAILED: Final = 1
OPERATOR_ERROR: Final = 2
INTERRUPTED: Final = 130


def main() -> NoReturn:
    """Run the command line; an EdgeError is a message, its cure, and exit status 2."""
    try:
        from edge.cli.app import app  # inside, so that Ctrl-C while it is imported is quiet too

        app()
    except EdgeError as exc:
        from edge.cli.console import show_error

        show_error(exc)
        raise SystemExit(OPERATOR_ERROR) from exc
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    raise SystemExit(0)
