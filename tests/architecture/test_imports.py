"""The import laws: who may know whom, so that functions deploy alone and parts stay apart."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from tests.support.paths import ROOT

OURS = {"functions", "shared", "backend", "edge", "bench", "tests"}
PARTS = ("edge.runtime", "edge.emulator", "edge.deploy")
EMULATOR_COMMON = {"postgres", "wire"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Dotted names that the module imports, relative ones made absolute."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = module_name(path).split(".")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield ".".join([*package[: -node.level], node.module or ""])
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def breaches(folder: str, *forbidden: str) -> list[str]:
    return [
        f"{module_name(path)} imports {name}"
        for path in modules(folder)
        for name in imports(path)
        for package in forbidden
        if is_in(name, package)
    ]


def test_functions_know_shared_and_nothing_else_of_ours() -> None:
    assert breaches("functions", "edge", "backend", "tests", "bench") == []


def test_tests_never_import_benchmarks() -> None:
    assert breaches("tests", "bench") == []


def test_a_function_never_knows_another() -> None:
    found = [
        f"{module_name(path)} imports {name}"
        for path in modules("functions")
        for name in imports(path)
        if is_in(name, "functions")
        and not is_in(name, f"functions.{path.relative_to(ROOT).parts[1]}")
    ]

    assert found == []


def test_shared_and_backend_know_only_third_parties() -> None:
    assert breaches("shared", *(OURS - {"shared"})) == []
    assert breaches("backend", *(OURS - {"backend"})) == []


def test_the_platform_knows_no_function() -> None:
    assert breaches("edge", "functions", "shared", "backend", "tests", "bench") == []


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_of_the_platform_do_not_know_each_other(part: str) -> None:
    others = [other for other in PARTS if other != part]

    assert breaches(part.replace(".", "/"), *others, "edge.stack", "edge.cli") == []


def test_emulated_services_do_not_know_each_other() -> None:
    services = {path.name for path in (ROOT / "edge/emulator").iterdir() if path.is_dir()}
    services -= EMULATOR_COMMON | {"__pycache__"}
    found = [
        breach
        for service in services
        for breach in breaches(
            f"edge/emulator/{service}",
            *(f"edge.emulator.{other}" for other in services - {service}),
        )
    ]

    assert found == []


def test_the_zygote_preloads_third_parties_only() -> None:
    from edge.runtime.launch.preload import BASE, LIBRARIES

    ours = [
        name
        for name in (*BASE, *chain.from_iterable(LIBRARIES.values()))
        if name.split(".")[0] in OURS
    ]

    assert ours == ["edge.runtime.worker.main"]


def test_one_file_of_each_side_reads_the_environment() -> None:
    readers = {
        module_name(path)
        for path in modules("functions", "shared", "backend", "edge")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    }

    assert readers == {
        "shared.env",
        "edge.project.environment",
        "edge.runtime.worker.main",
        "edge.standalone.environment",  # goes with a function that is deployed alone
    }


def test_there_are_no_import_cycles() -> None:
    graph = {module_name(path): set[str]() for path in modules("shared", "backend", "edge")}
    for path in modules("shared", "backend", "edge"):
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = imports_of(node)
                graph[module_name(path)] |= {name for name in names if name in graph}

    assert list(cycles(graph)) == []


def imports_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    module = node.module or ""
    return {module} | {f"{module}.{alias.name}" for alias in node.names}


def cycles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    sys.setrecursionlimit(10_000)
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> Iterator[list[str]]:
        if name in trail:
            yield [*trail[trail.index(name) :], name]
            return
        if name in done:
            return
        for other in graph[name]:
            yield from visit(other, [*trail, name])
        done.add(name)

    for name in graph:
        yield from visit(name, [])
