"""Commands that a project adds to `edge` in its edge.toml.

Listing them reads only edge.toml; the project's code is imported to run or complete one of them,
or to show its help.
"""

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from edge.errors import EdgeError
from edge.project.extensions import FILE, CommandEntry, read_extensions


class EdgeGroup(TyperGroup):
    """Group of the built-in commands, followed by those of the project in the current folder."""

    def list_commands(self, ctx: Any) -> list[str]:
        """List all command names, and print the faults of edge.toml as warnings."""
        built_in = super().list_commands(ctx)
        root = _project_root(sys.argv)
        extensions = read_extensions(root)
        for fault in extensions.faults:
            _warn(fault)
        for name in extensions.commands.keys() & set(built_in):
            _warn(f"{root / FILE}: commands.{name}: edge {name} exists already; take another name.")
        return [*built_in, *(name for name in extensions.commands if name not in built_in)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a built-in command, or a placeholder that has a project command's help."""
        if built_in := super().get_command(ctx, cmd_name):
            return built_in
        entry = read_extensions(_project_root(sys.argv)).commands.get(cmd_name)
        return entry and _placeholder(entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments; imports a project command's code.

        Raises EdgeError if that fails.
        """
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and super().get_command(ctx, name) is None:
            root = _project_root(sys.argv)
            if entry := read_extensions(root).commands.get(name):
                return name, _load(root, entry), rest
        return name, command, rest


def _project_root(arguments: list[str]) -> Path:
    """Return the folder of --workdir, or the current one."""
    for position, argument in enumerate(arguments):
        if argument == "--workdir" and position + 1 < len(arguments):
            return Path(arguments[position + 1])
        if argument.startswith("--workdir="):
            return Path(argument.partition("=")[2])
    return Path()


def _placeholder(entry: CommandEntry) -> Any:
    app = typer.Typer(add_completion=False)

    @app.command(entry.name, help=entry.help or f"Run {entry.run}.")
    def run() -> None: ...

    del run
    return get_command(app)


def _load(root: Path, entry: CommandEntry) -> Any:
    if not entry.is_python:
        return get_command(_executable(root, entry))
    found = _import(root, entry)
    if isinstance(found, typer.Typer):
        parent = typer.Typer(add_completion=False)
        parent.add_typer(found, name=entry.name)
        group: Any = get_command(parent)
        return group.commands[entry.name]
    if not callable(found):
        raise _fault(root, entry, f"{entry.run} is neither a typer app nor a function")
    app = typer.Typer(add_completion=False)
    app.command(entry.name, help=entry.help or None)(found)
    return get_command(app)


def _import(root: Path, entry: CommandEntry) -> Any:
    module, _, attribute = entry.run.partition(":")
    sys.path.insert(0, str(root.resolve()))
    try:
        found: Any = importlib.import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except Exception as exc:
        place = traceback.extract_tb(exc.__traceback__)[-1]
        reason = f"{type(exc).__name__}: {exc} ({place.filename}:{place.lineno})"
        raise _fault(root, entry, f"{entry.run} cannot be imported: {reason}") from exc
    return found


def _executable(root: Path, entry: CommandEntry) -> Any:
    """Return a command that replaces this process with the program, passing all arguments."""
    program = (root / entry.run).resolve()
    app = typer.Typer(add_completion=False)
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(entry.name, context_settings=passing, add_help_option=False)
    def run(context: typer.Context) -> NoReturn:
        sys.stdout.flush()
        try:
            os.execv(program, [str(program), *context.args])  # noqa: S606 - no shell
        except OSError as exc:
            raise _fault(root, entry, f"{program} cannot be executed: {exc.strerror}") from exc

    del run
    return app


def _fault(root: Path, entry: CommandEntry, message: str) -> EdgeError:
    cure = f"Correct run in [commands.{entry.name}] of {root.resolve() / FILE}, or what it names."
    return EdgeError(f"edge {entry.name}: {message}", cure=cure)


def _warn(fault: str) -> None:
    from edge.cli.console import remark

    remark(fault, "yellow")
