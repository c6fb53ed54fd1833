"""Tests of the whole stack run in one process, long ones before short ones."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.order import order, rotate


def made_of(file: str, count: int, *fixtures: str) -> list[Any]:
    return [
        SimpleNamespace(nodeid=f"tests/{file}::test_{n}", fixturenames=list(fixtures))
        for n in range(count)
    ]


@pytest.mark.parametrize("processes", [2, 3])
def test_each_part_begins_with_long_tests_and_the_first_has_those_of_the_stack(
    processes: int,
) -> None:
    items = [
        *made_of("architecture/test_a.py", 40),
        *made_of("e2e/test_b.py", 3),
        *made_of("e2e/test_c.py", 3, "stack", "_stack"),
        *(test for n in range(20) for test in made_of(f"integration/edge/test_{n}.py", 2)),
        *made_of("integration/functions/test_d.py", 5, "_stack"),
        *(test for n in range(9) for test in made_of(f"unit/test_{n}.py", 11)),
    ]

    ordered = order(items, processes)

    assert sorted(map(id, ordered)) == sorted(map(id, items))
    size = len(items) // processes
    parts = [ordered[n * size : (n + 1) * size] for n in range(processes)]
    stack = [
        number for number, part in enumerate(parts) for t in part if "_stack" in t.fixturenames
    ]
    assert stack == [0] * 8
    for part in parts:
        is_short = [test.nodeid.startswith(("tests/unit", "tests/arch")) for test in part]
        assert is_short == sorted(is_short)
        assert is_short[-1]


def test_each_process_begins_to_collect_elsewhere(tmp_path: Path) -> None:
    for name in ("e2e/test_a.py", "e2e/js/test_b.py", "unit/x/test_c.py", "unit/y/test_d.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "support").mkdir()

    first, second = (
        [Path(folder).relative_to(tmp_path).as_posix() for folder in rotate(tmp_path, number, 2)]
        for number in range(2)
    )

    assert first == ["e2e", "unit/x", "unit/y"]
    assert second == ["unit/x", "unit/y", "e2e"]
