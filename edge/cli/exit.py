"""Entry point and exit statuses of `edge`; an EdgeError is printed without a traceback."""

import gc
import sys
from collections.abc import Callable
from functools import wraps
from typing import Final, NoReturn, ParamSpec, TypeVar

from edge.errors import EdgeError
from edge.light_imports import leave_out_command_lines

FAILED: Final = 1
"""The operation itself failed: a non-2xx response, a failed check, a failed deployment."""
OPERATOR_ERROR: Final = 2
"""Wrong usage, or a problem you can fix."""
INTERRUPTED: Final = 130
"""Ctrl-C."""
_GC_THRESHOLD: Final = 20_000
"""By default the collector looks 30 times as often, for a tenth of the time of the imports."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


def main() -> NoReturn:
    """Run the command line; print an EdgeError as message and cure, with exit status 2."""
    gc.disable()  # what is imported stays
    gc.set_threshold(_GC_THRESHOLD)
    leave_out_command_lines()
    try:
        from edge.cli.quick import find_server  # inside, so that Ctrl-C at an import is quiet too

        if serve := find_server(sys.argv[1:]):
            serve()
        else:
            from edge.cli.app import app

            gc.enable()
            app()
    except EdgeError as exc:
        from edge.cli.console import print_error

        print_error(exc)
        raise SystemExit(OPERATOR_ERROR) from exc
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    raise SystemExit(0)


def failing_with_status_1(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Wrap a command so that DeployError exits with status 1 instead of 2."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        import typer

        from edge.cli.console import print_error
        from edge.errors import DeployError

        try:
            return command(*args, **kwargs)
        except DeployError as exc:
            print_error(exc)
            raise typer.Exit(FAILED) from exc

    return run
