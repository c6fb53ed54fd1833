"""The chat's image without Docker: what its Dockerfile copies, its command, its packages alone."""

import json
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.cli_process import shell
from tests.support.paths import ROOT
from tests.support.processes import free_port
from tests.support.production_process import DEADLINE
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.process, pytest.mark.timeout(300)]

RECIPE = ROOT / "backend/Dockerfile"


def copy_context(app: Path) -> None:
    """Copy what the recipe copies from the build context."""
    for line in re.findall(r"^COPY (backend/.*)$", RECIPE.read_text(), re.MULTILINE):
        *sources, target = line.split()
        if target.startswith("/"):
            continue  # the stage that installs packages
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, app / target)
            else:
                (app / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, app / target)


def installed() -> set[str]:
    """Return the distributions that the image's requirements lead to."""
    lines = (ROOT / "backend/requirements.txt").read_text().splitlines()
    waiting = [Requirement(line) for line in lines if line and not line.startswith(("#", "-", " "))]
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        if (name, frozenset(asked.extras)) in seen:
            continue
        seen.add((name, frozenset(asked.extras)))
        found.add(name)
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue  # of another system
        for each in needed:
            extras = [*asked.extras, ""]
            if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(each)
    return found


def hide_others(folder: Path) -> None:
    """Write a folder for PYTHONPATH that hides all other packages of this environment."""
    there = installed()
    hidden = [
        module
        for module, names in packages_distributions().items()
        if module != "backend" and not any(canonicalize_name(name) in there for name in names)
    ]
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({hidden!r}))\n"
    )


def command(instruction: str) -> list[str]:
    recipe = RECIPE.read_text().replace("\\\n", "")
    (words,) = re.findall(rf"{instruction} (\[.*\])$", recipe, re.MULTILINE)
    return json.loads(words)


def test_the_image_s_command_serves_from_what_is_copied(tmp_path: Path) -> None:
    app, log = tmp_path / "app", tmp_path / "log"
    copy_context(app)
    hide_others(tmp_path / "hidden")
    port = str(free_port())
    environment = shell(
        PORT=port,
        HOME=str(tmp_path),
        PYTHONPATH=str(tmp_path / "hidden"),
        PYTHONSAFEPATH="",
        SUPABASE_URL="http://127.0.0.1:9",
        SUPABASE_SERVICE_ROLE_KEY="k",
        CHAT_DATABASE_URL=f"sqlite:///{tmp_path}/chat.db",
    )
    program, *arguments = command("^CMD")
    assert program == "python"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=app, env=environment, stdout=out, stderr=out
        )
    try:
        health = [sys.executable, *command("^HEALTHCHECK .* CMD")[1:]]

        def is_healthy() -> bool:
            assert process.poll() is None, log.read_text()
            checked = subprocess.run(
                health, env=shell(PORT=port), stderr=subprocess.DEVNULL, check=False
            )
            return checked.returncode == 0

        wait_for(is_healthy)
    finally:
        process.terminate()
        process.wait(DEADLINE)
    assert process.returncode in (0, -signal.SIGTERM), log.read_text()
    assert "Traceback" not in log.read_text()
