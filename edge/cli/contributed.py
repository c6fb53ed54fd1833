"""The group of all commands: the built-in ones, and those that a project adds in its edge.toml.

Listing them imports none and reads only edge.toml; a command's code is imported to run or complete
it, or to show its own help.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from edge.cli.built_in import BUILT_IN, import_command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.project.extensions import CommandEntry


class EdgeGroup(TyperGroup):
    """Group of the built-in commands, followed by those of the project in the current folder."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = dict.fromkeys(BUILT_IN)  # typer suggests names from among them

    def list_commands(self, ctx: Any) -> list[str]:
        """List all command names, and print the faults of edge.toml as warnings."""
        from edge.project.extensions import FILE, read_extensions

        root = _project_root(sys.argv)
        extensions = read_extensions(root)
        for fault in extensions.faults:
            _warn(fault)
        for name in extensions.commands.keys() & BUILT_IN.keys():
            _warn(f"{root / FILE}: commands.{name}: edge {name} exists already; take another name.")
        return [*BUILT_IN, *(name for name in extensions.commands if name not in BUILT_IN)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a placeholder that has the command's help; None if there is no such command."""
        if built_in := BUILT_IN.get(cmd_name):
            return _placeholder(cmd_name, built_in[1])
        entry = _find_entry(cmd_name)
        return entry and _placeholder(cmd_name, entry.help or f"Run {entry.run}.")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments; imports the command's code.

        Raises EdgeError if that fails for a command of the project.
        """
        name, *rest = args
        if name in BUILT_IN:
            return name, _as_command(name, import_command(name)), rest
        if entry := _find_entry(name):
            return name, _load(_project_root(sys.argv), entry), rest
        return super().resolve_command(ctx, args)


def _project_root(arguments: list[str]) -> Path:
    """Return the folder of --workdir, or the current one."""
    for position, argument in enumerate(arguments):
        if argument == "--workdir" and position + 1 < len(arguments):
            return Path(arguments[position + 1])
        if argument.startswith("--workdir="):
            return Path(argument.partition("=")[2])
    return Path()


def _find_entry(name: str) -> "CommandEntry | None":
    from edge.project.extensions import read_extensions

    return read_extensions(_project_root(sys.argv)).commands.get(name)


def _placeholder(name: str, text: str) -> Any:
    app = typer.Typer(add_completion=False)

    @app.command(name, help=text)
    def run() -> None: ...

    del run
    return get_command(app)


def _load(root: Path, entry: "CommandEntry") -> Any:
    if not entry.is_python:
        return get_command(_executable(root, entry))
    found = _import(root, entry)
    if not callable(found):
        raise _fault(root, entry, f"{entry.run} is neither a typer app nor a function")
    return _as_command(entry.name, found, entry.help)


def _as_command(name: str, found: Any, text: str = "") -> Any:
    """Return the command of a typer app or a function; `text` replaces a function's help."""
    if isinstance(found, typer.Typer):
        parent = typer.Typer(add_completion=False)
        parent.add_typer(found, name=name)
        group: Any = get_command(parent)
        return group.commands[name]
    app = typer.Typer(add_completion=False)
    app.command(name, help=text or None)(found)
    return get_command(app)


def _import(root: Path, entry: "CommandEntry") -> Any:
    module, _, attribute = entry.run.partition(":")
    sys.path.insert(0, str(root.resolve()))
    try:
        found: Any = importlib.import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except Exception as exc:
        import traceback

        place = traceback.extract_tb(exc.__traceback__)[-1]
        reason = f"{type(exc).__name__}: {exc} ({place.filename}:{place.lineno})"
        raise _fault(root, entry, f"{entry.run} cannot be imported: {reason}") from exc
    return found


def _executable(root: Path, entry: "CommandEntry") -> Any:
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


def _fault(root: Path, entry: "CommandEntry", message: str) -> EdgeError:
    from edge.project.extensions import FILE

    cure = f"Correct run in [commands.{entry.name}] of {root.resolve() / FILE}, or what it names."
    return EdgeError(f"edge {entry.name}: {message}", cure=cure)


def _warn(fault: str) -> None:
    from edge.cli.console import remark

    remark(fault, "yellow")
