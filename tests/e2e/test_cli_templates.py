"""Every template, with and without shared/: its own test passes as soon as it is written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli_process import DEADLINE, edge, shell

pytestmark = [pytest.mark.process, pytest.mark.e2e]

TEMPLATES = ("http", "webhook", "job", "llm")


@pytest.mark.parametrize("has_shared", [True, False], ids=["with_shared", "without_shared"])
def test_the_tests_of_a_new_function_pass(tmp_path: Path, has_shared: bool) -> None:
    assert edge(tmp_path, "init", ".").returncode == 0
    if not has_shared:
        for name in ("shared", "functions", "tests"):
            shutil.rmtree(tmp_path / name)
    for template in TEMPLATES:
        made = edge(tmp_path, "functions", "new", f"my-{template}", "--template", template)
        assert made.returncode == 0, made.stderr

    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=shell(),
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * DEADLINE,
    )

    assert said.returncode == 0, said.stdout
    assert len(list(tmp_path.glob("tests/test_*.py"))) == len(TEMPLATES) + has_shared
