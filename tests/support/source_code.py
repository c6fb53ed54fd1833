"""Facts about the project's own Python files, for the architecture tests.

A file is parsed once in a session, whichever tests ask for its facts.
"""

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

PEERS = ROOT / "bench" / ".peers"
_ENVIRONMENT = frozenset({"environ", "getenv"})


@dataclass(frozen=True, slots=True)
class FunctionSize:
    """A function's name and place, and its number of lines."""

    name: str
    line: int
    lines: int


@dataclass(frozen=True, slots=True)
class SourceCode:
    """What a file imports, which functions it has, and whether it reads the environment."""

    name: str
    lines: int
    imports: tuple[str, ...]
    imports_at_load: frozenset[str]
    functions: tuple[FunctionSize, ...]
    reads_environment: bool


@cache
def list_files(*folders: str) -> tuple[Path, ...]:
    """List the Python files below folders of the project, without the benchmarks' peers."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path for path in found if not path.is_relative_to(PEERS)))


@cache
def read_source(path: Path) -> SourceCode:
    """Parse one file of the project; relative imports are returned as absolute names."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    text = path.read_text()
    tree = _parse(text)
    statements = list(_statements(tree.body))
    return SourceCode(
        name,
        len(text.splitlines()),
        tuple(found for node in statements for found in _imports(node, name)),
        frozenset(found for node in tree.body for found in _imports(node, name)),
        tuple(_functions(statements)),
        any(word in text for word in _ENVIRONMENT) and _reads_environment(tree),
    )


def _parse(text: str) -> ast.Module:
    """Parse without garbage collections, which would take longer than parsing does."""
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements of all depths, and no expressions: nine tenths of the nodes."""
    for statement in body:
        yield statement
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, field, []))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _statements(part.body)


def _functions(statements: list[ast.stmt]) -> Iterator[FunctionSize]:
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield FunctionSize(node.name, node.lineno, lines)


def _imports(node: ast.stmt, importer: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if node.level:
            module = ".".join([*importer.split(".")[: -node.level], module]).rstrip(".")
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)


def _reads_environment(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _ENVIRONMENT
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(tree)
    )
