"""Collects the modules and packages that a function imports, transitively, from source."""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from edge.errors import DeployError

SHARED: Final = "shared"
_FUNCTIONS: Final = "functions"
_EDGE: Final = "edge"
_BLOCKS: Final = ("body", "orelse", "handlers", "finalbody", "cases")
"""The fields of statements that hold other statements."""


@dataclass(frozen=True, slots=True)
class Place:
    """The file and line of an import, as shown in messages."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(slots=True)
class Imports:
    """`modules` are files by dotted name, `packages` third parties' top-level module names."""

    modules: dict[str, Path] = field(default_factory=dict[str, Path])
    packages: dict[str, Place] = field(default_factory=dict[str, Place])


@dataclass(slots=True)
class ImportCollector:
    """Follows imports below `root`; `own` is the function's package, `allowed` top-level ones."""

    root: Path
    own: str
    allowed: frozenset[str]
    found: Imports = field(default_factory=Imports)

    def follow(self, name: str) -> None:
        """Add a module below `root`, its parent packages, and all that these import."""
        parts = name.split(".")
        for size in range(1, len(parts) + 1):
            path = self._find(".".join(parts[:size]))
            if path and ".".join(parts[:size]) not in self.found.modules:
                self.found.modules[".".join(parts[:size])] = path
                self._read(".".join(parts[:size]), path)

    def _find(self, name: str) -> Path | None:
        base = self.root.joinpath(*name.split("."))
        module, package = base.with_suffix(".py"), base / "__init__.py"
        return next((path for path in (package, module) if path.is_file()), None)

    def _read(self, name: str, path: Path) -> None:
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node in _runtime_imports(path):
            place = Place(path, node.lineno)
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._add_import(alias.name, (), place)
            else:
                module = _absolute(node, package)
                self._add_import(module, tuple(alias.name for alias in node.names), place)

    def _add_import(self, module: str, names: tuple[str, ...], place: Place) -> None:
        top = module.partition(".")[0]
        if top == _FUNCTIONS:
            self._require_own(module, names, place)
        if top in self.allowed:
            self.follow(module)
            for name in names:  # a submodule, or an attribute
                if self._find(f"{module}.{name}"):
                    self.follow(f"{module}.{name}")
        elif top == _EDGE:
            raise DeployError(
                f"{place}: a function may not import {module}: edge is not part of its bundle.",
                cure="Use shared/, or a package that requirements.txt names.",
            )
        elif top not in sys.stdlib_module_names and top not in {_FUNCTIONS, SHARED}:
            self.found.packages.setdefault(top, place)

    def _require_own(self, module: str, names: tuple[str, ...], place: Place) -> None:
        known = {self.own, *(f"{self.own}.{name}" for name in names)}
        wanted = f"{module}.{names[0]}" if module == _FUNCTIONS and names else module
        if wanted not in known and not wanted.startswith(f"{self.own}."):
            raise DeployError(
                f"{place}: a function may not import another one: {wanted}.",
                cure="Move the code that both need to shared/.",
            )
        self.follow(module)


_REGISTERING: Final = frozenset(("http", "cloud_event", "typed", "endpoint"))
"""Decorators that make a function one to serve."""


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as exc:
        raise DeployError(f"{path}:{exc.lineno}: {exc.msg}") from exc
    except ValueError as exc:  # a NUL byte
        raise DeployError(f"{path} is not Python: {exc}") from exc


def _runtime_imports(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return all imports of a file, including those inside functions, except for type checkers.

    The functions of a project share most of their modules: each is parsed once.
    """
    state = path.stat()
    return _parse_imports(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2048)
def _parse_imports(
    path: Path, _modified: int, _size: int
) -> tuple[ast.Import | ast.ImportFrom, ...]:
    return tuple(_imports_among(_parse(path).body))


def _imports_among(nodes: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            yield from _imports_among(node.orelse)
        else:
            for name in _BLOCKS:
                yield from _imports_among(getattr(node, name, ()))


def _is_for_type_checkers(test: ast.expr) -> bool:
    return any(
        "TYPE_CHECKING" in (getattr(n, "id", ""), getattr(n, "attr", "")) for n in ast.walk(test)
    )


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def find_entry_point(path: Path, configured: str | None) -> tuple[str, str]:
    """Return the name of the function to serve, and "coroutine", "plain", "cloud_event" or "typed".

    It is the configured one, main, or the only one that is decorated. Raises DeployError.
    """
    functions = {
        node.name: node
        for node in _parse(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    decorated = [name for name, node in functions.items() if _decorators(node) & _REGISTERING]
    name = configured or "main"
    if not configured and name not in functions and len(decorated) == 1:
        name = decorated[0]
    node = functions.get(name)
    if node is None:
        found = ", ".join(decorated or functions) or "none"
        raise DeployError(
            f"{path} has no function {name}. It has: {found}.",
            cure='Name the one to serve in function.toml: entry_point = "…"',
        )
    if "cloud_event" in _decorators(node):
        return name, "cloud_event"
    if "typed" in _decorators(node):
        return name, "typed"
    return name, "coroutine" if isinstance(node, ast.AsyncFunctionDef) else "plain"


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the last parts of the decorators' names: `http` of `functions_framework.http`."""
    calls = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return {ast.unparse(each).rpartition(".")[2] for each in calls}
