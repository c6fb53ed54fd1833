"""The wheel, alone in an empty environment, makes a project, tests it and serves it."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.cli_process import DEADLINE, edge, serving, shell
from tests.support.paths import ROOT

pytestmark = [pytest.mark.process, pytest.mark.e2e]


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with the wheel, its dependencies on the path.

    That path is no site folder, so the .pth files in it, this checkout's own among them, do not
    count there.
    """
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], ROOT)
    environment = folder / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", str(environment)], folder)
    python = environment / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], folder)
    (site,) = environment.glob("lib/*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return environment / "bin"


@pytest.fixture(scope="module")
def project(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    made = edge(folder, "init", ".", command=(str(binaries / "edge"),), environ=alone())
    assert made.returncode == 0, made.stderr
    return folder


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=alone(),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alone() -> dict[str, str]:
    """Environment variables without this checkout on a path."""
    return {name: value for name, value in shell().items() if name != "PYTHONPATH"}


def test_the_checkout_is_not_what_is_imported(binaries: Path, tmp_path: Path) -> None:
    source = "import edge, importlib.util as u; print(edge.__file__, u.find_spec('shared'))"

    found = run([str(binaries / "python"), "-c", source], tmp_path).split()

    assert found == [found[0], "None"]
    assert Path(found[0]).is_relative_to(binaries.parent)


def test_a_new_function_s_test_passes_at_once(binaries: Path, project: Path) -> None:
    made = edge(
        project,
        *("functions", "new", "take-orders", "--template", "webhook"),
        command=(str(binaries / "edge"),),
        environ=alone(),
    )

    assert made.returncode == 0, made.stderr
    said = run([str(binaries / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"], project)
    assert "passed" in said
    assert "failed" not in said


def test_the_project_is_served_at_once(binaries: Path, project: Path) -> None:
    command = (str(binaries / "edge"),)
    ports = ("--port", "0", "--db-port", "0")

    with serving(project, "start", *ports, command=command, environ=alone()):
        called = edge(
            project,
            *("functions", "invoke", "hello", "--data", '{"name": "Ada"}'),
            command=command,
            environ=alone(),
        )

    assert (called.returncode, json.loads(called.stdout)) == (0, {"message": "Hello, Ada!"})
