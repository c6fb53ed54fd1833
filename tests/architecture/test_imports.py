"""The import laws: who may know whom, so that functions deploy alone and parts stay apart."""

import sys
from collections.abc import Iterator
from itertools import chain

import pytest

from tests.support.paths import ROOT
from tests.support.source_code import list_files, read_source

OURS = {"functions", "shared", "backend", "workers", "console", "edge", "bench", "tests"}
PARTS = ("edge.runtime", "edge.emulator", "edge.deploy")
EMULATOR_COMMON = {"postgres", "wire"}


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def breaches(folder: str, *forbidden: str) -> list[str]:
    return [
        f"{source.name} imports {name}"
        for source in map(read_source, list_files(folder))
        for name in source.imports
        for package in forbidden
        if is_in(name, package)
    ]


def test_functions_know_shared_and_nothing_else_of_ours() -> None:
    assert breaches("functions", "edge", "backend", "workers", "tests", "bench") == []


def test_tests_never_import_benchmarks() -> None:
    assert breaches("tests", "bench") == []


def test_a_function_never_knows_another() -> None:
    found = [
        f"{source.name} imports {name}"
        for source in map(read_source, list_files("functions"))
        for name in source.imports
        if is_in(name, "functions") and not is_in(name, ".".join(source.name.split(".")[:2]))
    ]

    assert found == []


def test_shared_and_backend_know_only_third_parties() -> None:
    assert breaches("shared", *(OURS - {"shared"})) == []
    assert breaches("backend", *(OURS - {"backend", "console"})) == []
    assert [b for b in breaches("backend", "console") if not b.startswith("backend.console")] == []


def test_workers_know_only_third_parties() -> None:
    """They run where the GPU is and reach the project by HTTP alone."""
    assert breaches("workers", *(OURS - {"workers"})) == []


def test_the_console_knows_only_third_parties() -> None:
    """It reaches the stack by HTTP alone; projects add to it, never the other way round."""
    assert breaches("console", *(OURS - {"console"})) == []


def test_the_two_copies_of_the_guarded_fetch_are_the_same() -> None:
    copies = [(ROOT / path).read_text() for path in ("shared/http/fetch.py", "workers/fetch.py")]
    assert copies[0] == copies[1]


def test_the_platform_knows_no_function() -> None:
    assert breaches("edge", *(OURS - {"edge"})) == []


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
        source.name
        for source in map(
            read_source, list_files("functions", "shared", "backend", "workers", "console", "edge")
        )
        if source.reads_environment
    }

    assert readers == {
        "backend.__main__",
        "console.settings",
        "shared.env",
        "edge.operating_system",
        "edge.project.environment",
        "edge.runtime.worker.main",
        "edge.standalone.environment",  # goes with a function that is deployed alone
        "workers.settings",
    }


def test_there_are_no_import_cycles() -> None:
    sources = [
        read_source(path) for path in list_files("shared", "backend", "workers", "console", "edge")
    ]
    names = {source.name for source in sources}
    graph = {source.name: source.imports_at_load & names for source in sources}

    assert list(cycles(graph)) == []


def cycles(graph: dict[str, frozenset[str]]) -> Iterator[list[str]]:
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
