"""edge.toml: what a project adds to the `edge` command and to its local stack.

    [commands.tidy]                      # edge tidy …
    run = "tools.tidy:app"               # module:attribute (a typer app or a function),
    help = "Remove old rows."            # or an executable of the project: "scripts/tidy"

    [processes.chat]                     # edge start runs it beside the stack
    command = ["python", "-m", "backend.chat"]
    port = 8090                          # optional: or any free one if it is taken; given as PORT
    health = "/healthz"                  # optional: answers 2xx on `port` once it is ready
    secrets = ["OPENAI_API_KEY"]         # beside SUPABASE_…, nothing else of the env file
    page = "/chats"                      # optional: its page in the console, which is announced
    paths = ["/socket.io", "/session"]   # optional: what the gateway passes on to `port`

    [pages]
    board = "pages/board"                # a folder with index.html: /console/board

    [console]
    pages = "tools.console:register"     # a function that adds pages to the console

    [providers.retell]
    webhook = "/functions/v1/NAME"       # where the emulated provider sends its webhooks

    [shell]
    variables = ["TOKEN_BUDGET"]         # taken from the shell as secrets, beside those we know

    [recording]                          # what the console shows: project/recording.py
    days = 3
    failed_days = 14

    [recording.prices]                   # dollars per million tokens: project/prices.py
    "gpt-5*" = { input = 1.25, output = 10.0, cached = 0.125 }

A separate file, because the Supabase CLI also reads supabase/config.toml and refuses tables that
it does not know. An entry that is wrong is left out and reported; the others work. Importing this
module is cheap: `edge --help` reads the file.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from edge.project.recording import RecordingSettings, parse_recording
from edge.project.toml_file import read_toml

FILE: Final = "edge.toml"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH: Final = re.compile(r"(?:/[\w.-]+)+")
_TAKEN: Final = (
    *("functions", "rest", "auth", "storage", "realtime", "graphql", "providers", "console"),
    *("mail", "metrics", "health", "_internal"),
)
_TABLES: Final = (
    "commands",
    "processes",
    "pages",
    "console",
    "providers",
    "shell",
    "recording",
)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command of the project; `run` is module:attribute, or a path below the project."""

    name: str
    run: str
    help: str = ""

    @property
    def is_python(self) -> bool:
        return ":" in self.run


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """A long-running program; `command` is executed without a shell, in the project's folder."""

    name: str
    command: tuple[str, ...]
    port: int | None = None
    health: str | None = None
    secrets: tuple[str, ...] = ()
    page: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extensions:
    """The valid entries of edge.toml; `faults` are sentences about the others, each with a cure."""

    commands: Mapping[str, CommandEntry] = field(default_factory=dict[str, CommandEntry])
    processes: tuple[ProcessEntry, ...] = ()
    pages: Mapping[str, Path] = field(default_factory=dict[str, Path])
    retell_webhook_path: str | None = None
    shell_variables: tuple[str, ...] = ()
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    faults: tuple[str, ...] = ()
    console_pages: str | None = None


class _InvalidError(Exception):
    """An entry that is wrong: which setting, and what it must be."""


def read_extensions(root: Path) -> Extensions:
    """Read edge.toml of the project at `root`; never raises, see `Extensions.faults`."""
    path = root / FILE
    try:
        document = read_toml(path)
    except FileNotFoundError:
        return Extensions()
    except (OSError, tomllib.TOMLDecodeError) as exc:
        return Extensions(faults=(f"{path} cannot be read: {exc}",))
    return _Reader(path, document, []).read()


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    document: Mapping[str, Any]
    faults: list[str]

    def read(self) -> Extensions:
        for name in self.document:
            if name not in _TABLES:
                self._report(_unknown(name, _TABLES))
        commands = {entry.name: entry for entry in self._entries("commands", _command)}
        processes = tuple(self._entries("processes", _process))
        pages = dict(self._entries("pages", self._page))
        webhook = next(self._entries("providers", _parse_retell), None)
        variables = next(self._entries("shell", _shell_variables), ())
        console = next(self._entries("console", _console_pages), None)
        recording, faults = parse_recording(self.document.get("recording", {}))
        for fault in faults:
            self._report(fault)
        self._report_shared(processes)
        return Extensions(
            commands, processes, pages, webhook, variables, recording, tuple(self.faults), console
        )

    def _entries(self, table: str, parse: Callable[[str, Any], _T]) -> Iterator[_T]:
        entries = self.document.get(table, {})
        if not isinstance(entries, dict):
            self._report(f"{table} must be a table: [{table}]")
            return
        for name, value in cast("dict[str, Any]", entries).items():
            try:
                yield parse(name, value)
            except _InvalidError as exc:
                self._report(f"{table}.{name}{exc}")

    def _page(self, name: str, value: Any) -> tuple[str, Path]:
        _check_name(name)
        folder = self.path.parent / _text(value, "")
        if not folder.is_dir():
            raise _InvalidError(f": there is no folder {folder}")
        return name, folder

    def _report_shared(self, processes: tuple[ProcessEntry, ...]) -> None:
        ports = [f"port {process.port}" for process in processes if process.port]
        shared = ports + [f"path {path}" for process in processes for path in process.paths]
        for each in sorted({each for each in shared if shared.count(each) > 1}):
            self._report(f"processes: more than one has {each}; give each its own")

    def _report(self, fault: str) -> None:
        self.faults.append(f"{self.path}: {fault}.")


def _command(name: str, value: Any) -> CommandEntry:
    _check_name(name)
    table = _table(value, ("run", "help"))
    run = _text(table.get("run"), ".run")
    if ":" in run and not re.fullmatch(r"[\w.]+:[\w.]+", run):
        raise _InvalidError(".run must be module:attribute, or a path in the project")
    return CommandEntry(name, run, _text(table.get("help", ""), ".help", may_be_empty=True))


def _process(name: str, value: Any) -> ProcessEntry:
    _check_name(name)
    table = _table(value, ("command", "port", "health", "secrets", "page", "paths"))
    port = table.get("port")
    if port is not None and not (type(port) is int and 1 <= port <= 65535):
        raise _InvalidError(".port must be a number from 1 to 65535")
    health = table.get("health")
    if health is not None and not _text(health, ".health").startswith("/"):
        raise _InvalidError('.health must be a path like "/healthz"')
    if health is not None and port is None:
        raise _InvalidError(".health needs a port to ask at: set port")
    command = _texts(table.get("command"), ".command")
    if not command:
        raise _InvalidError('.command must name a program: ["python", "-m", "…"]')
    page = _text(table.get("page", ""), ".page", may_be_empty=True)
    if page and not _PATH.fullmatch(page):
        raise _InvalidError('.page must be a path in the console like "/chats"')
    secrets = _variables(table.get("secrets"), ".secrets")
    paths = _paths(table.get("paths"))
    if paths and port is None:
        raise _InvalidError(".paths needs a port to pass requests on to: set port")
    return ProcessEntry(name, command, port, health, secrets, page, paths)


def _paths(value: Any) -> tuple[str, ...]:
    paths = _texts([] if value is None else value, ".paths")
    for path in paths:
        if not _PATH.fullmatch(path):
            raise _InvalidError(f'.paths must be paths like "/socket.io", which {path} is not')
        if path.split("/")[1] in _TAKEN:
            raise _InvalidError(f".paths: {path} is a path of the stack")
    return paths


def _parse_retell(name: str, value: Any) -> str:
    if name != "retell":
        raise _InvalidError(": the only emulated provider with settings is retell")
    path = _text(_table(value, ("webhook",)).get("webhook"), ".webhook")
    if not path.startswith("/"):
        raise _InvalidError('.webhook must be a path like "/functions/v1/NAME"')
    return path


def _shell_variables(name: str, value: Any) -> tuple[str, ...]:
    if name != "variables":
        raise _InvalidError(": the only setting is variables")
    return _variables(value, "")


def _console_pages(name: str, value: Any) -> str:
    if name != "pages":
        raise _InvalidError(": the only setting is pages")
    if not re.fullmatch(r"[\w.]+:\w+", _text(value, "")):
        raise _InvalidError(" must be module:function")
    return value


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _InvalidError(": a name has lower-case letters, digits and hyphens")


def _table(value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _InvalidError(f" must be a table with {', '.join(known)}")
    table = cast("dict[str, Any]", value)
    for key in table:
        if key not in known:
            raise _InvalidError(f": {_unknown(key, known)}")
    return table


def _text(value: Any, where: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or may_be_empty):
        raise _InvalidError(f"{where} must be a text")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _InvalidError(f'{where} must be a list of texts: ["…"]')
    return tuple(_text(entry, where) for entry in cast("list[Any]", value))


def _variables(value: Any, where: str) -> tuple[str, ...]:
    names = _texts([] if value is None else value, where)
    for name in names:
        if not _VARIABLE.fullmatch(name) or name.startswith("SUPABASE_"):
            raise _InvalidError(f"{where}: {name} cannot name a secret")
    return names


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1)
    cure = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no setting {name}; {cure}"
