"""Where the command line begins and ends: no traceback for a person's mistake."""

from typing import NoReturn

from edge.cli.exit_status import INTERRUPTED, OPERATOR_ERROR
from edge.errors import EdgeError


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
