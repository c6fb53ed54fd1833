"""Commands whose failure is not the caller's mistake: exit status 1 instead of 2."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

from edge.cli.exit_status import FAILED

_P = ParamSpec("_P")
_R = TypeVar("_R")


def failing_with_status_1(
    command: Callable[_P, _R],
) -> Callable[_P, _R]:
    """The command; a DeployError of it is told as ever, with the status of a failure."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        from edge.cli.console import show_error
        from edge.deploy.errors import DeployError

        try:
            return command(*args, **kwargs)
        except DeployError as exc:
            show_error(exc)
            raise typer.Exit(FAILED) from exc

    return run
