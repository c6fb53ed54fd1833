"""Build context of the image, started with the image's command, without Docker."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from edge.deploy.targets.container import PACKAGES_LEFT_OUT
from tests.support.cli_process import edge, shell
from tests.support.paths import ROOT
from tests.support.production_process import DEADLINE, SECRET, Instance, variables

pytestmark = [pytest.mark.e2e, pytest.mark.process, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build context of this repository, from `edge deploy --all --target container`."""
    folder = tmp_path_factory.mktemp("image") / "app"
    arguments = ("deploy", "--all", "--target", "container", "--out", str(folder))
    made = edge(ROOT, *arguments)
    assert made.returncode == 0, made.stderr
    return folder


def command(context: Path, instruction: str = "^CMD") -> list[str]:
    """Return the command of a Dockerfile instruction."""
    recipe = (context / "Dockerfile").read_text().replace("\\\n", "")
    (words,) = re.findall(rf"{instruction} (\[.*\])$", recipe, re.MULTILINE)
    return json.loads(words)


def test_the_image_s_command_serves_the_functions_from_the_context_alone(
    context: Path, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    shutil.copytree(context, app)
    log = tmp_path / "log"
    program, *arguments = command(context)
    assert program == "python"
    # Only packages of the lock can be imported, as in the image; this checkout cannot.
    hidden = hide_packages(tmp_path / "hidden")
    environment = shell(**variables(), PORT="0", HOME=str(tmp_path), PYTHONPATH=str(hidden))
    make_read_only(app)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=app, env=environment, stdout=out, stderr=out
        )
    try:
        url = Instance(process, log).wait_until_ready()
        refused = httpx.post(f"{url}/functions/v1/structured-data", json={}, timeout=DEADLINE)
        port = str(httpx.URL(url).port)
        health = [sys.executable, *command(context, "^HEALTHCHECK .* CMD")[1:]]
        subprocess.run(health, env=shell(PORT=port), check=True, timeout=DEADLINE)
        preflight = httpx.options(f"{url}/functions/v1/structured-data", timeout=DEADLINE)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)
        make_writable(app)

    assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED_NO_AUTH_HEADER")
    assert preflight.status_code < 300, log.read_text()
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert process.returncode == 0, log.read_text()
    assert SECRET not in log.read_text()


def hide_packages(folder: Path) -> Path:
    """Write a PYTHONPATH folder that blocks imports of packages the image does not install."""
    modules = [name.replace("-", "_") for name in PACKAGES_LEFT_OUT]
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n"
    )
    return folder


def make_read_only(folder: Path) -> None:
    """Make files read-only, as in the image, where they belong to root."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def make_writable(folder: Path) -> None:
    for root, _, _ in os.walk(folder):
        Path(root).chmod(0o755)


def test_the_context_has_no_secret_no_test_and_no_emulator(context: Path) -> None:
    names = {path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()}

    assert {"Dockerfile", "requirements.lock", "functions/structured_data/main.py"} <= names
    assert not any(".env" in Path(name).name.split(".py")[0] for name in names)
    assert not any(name.startswith(("tests/", "edge/emulator/", "bench/")) for name in names)


def test_the_image_runs_the_edge_of_the_context(context: Path) -> None:
    source = "import edge, importlib.util as u; print(edge.__file__, u.find_spec('edge.emulator'))"
    found = subprocess.run(
        [sys.executable, "-c", source], cwd=context, capture_output=True, text=True, check=True
    )

    assert found.stdout.split() == [str(context / "edge/__init__.py"), "None"]


def test_a_second_run_is_skipped(context: Path) -> None:
    arguments = ("deploy", "--all", "--target", "container", "--out", str(context))

    again = edge(ROOT, *arguments, "-o", "json")

    assert '"result": "skipped"' in again.stdout, again.stderr
