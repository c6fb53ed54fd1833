"""Hard limits of size: a file or a function that grows past them wants to be two."""

import ast
from pathlib import Path

from tests.support.paths import ROOT

PEERS = ROOT / "bench" / ".peers"
LONGEST_FILE = 500
LONGEST_TEST_FILE = 700
LONGEST_MAIN = 120
LONGEST_FUNCTION = 60


def sources(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not path.is_relative_to(PEERS))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_is_too_long() -> None:
    ours = sources("functions", "shared", "backend", "edge", "bench")
    too_long = [(path, lines(path)) for path in ours if lines(path) > LONGEST_FILE]
    too_long += [
        (path, lines(path)) for path in sources("tests") if lines(path) > LONGEST_TEST_FILE
    ]

    assert too_long == []


def test_a_functions_main_fits_on_a_screen_or_two() -> None:
    mains = (ROOT / "functions").glob("*/main.py")

    assert [path for path in mains if lines(path) > LONGEST_MAIN] == []


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources("functions", "shared", "backend", "edge", "bench", "tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]

    assert too_long == []
