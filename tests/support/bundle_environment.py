"""Environments of bundles: interpreters with nothing but some requirements.

An environment imports its packages once: functions are loaded and served by its forks.
"""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import Final

from edge.runtime.launch.preload import ImportScanner, modules_of
from tests.support.fork_server import ForkedProcess, ForkServer
from tests.support.paths import ROOT

COMMAND: Final = ("--source", "main.py", "--target", "main", "--asgi", "--port")
_LIST_MODULES: Final = """
import json, sys
import main
found = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print("\\n" + json.dumps(found))
"""
_SERVE: Final = """
import runpy
runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter, and the process that forks functions with its packages imported."""

    python: Path
    server: ForkServer

    def list_modules(self, folder: Path) -> dict[str, str | None]:
        """Import a bundle's main.py; return the names and files of all modules of that process."""
        output = folder.with_suffix(".modules")
        libraries = ImportScanner(folder).libraries_of(folder)
        self.server.preload(["functions_framework.aio", "uvicorn", *modules_of(libraries)])
        self.server.fork(_LIST_MODULES, folder=folder, environ={}, output=output).wait()
        try:
            found: dict[str, str | None] = json.loads(output.read_text().splitlines()[-1])
        except ValueError:
            raise AssertionError(output.read_text()) from None
        self.server.preload(
            sorted(name for name, file in found.items() if file and "site-packages" in file)
        )
        return found

    def serve(
        self, folder: Path, port: int, environ: Mapping[str, str], output: Path
    ) -> ForkedProcess:
        """Serve a bundle by the platforms' own command."""
        environ = {**environ, "PATH": f"{self.python.parent}:{environ['PATH']}"}
        argv = ("functions_framework", *COMMAND, str(port))
        return self.server.fork(_SERVE, *argv, folder=folder, environ=environ, output=output)


def create_environment(requirements: str, home: Path) -> Environment:
    """Create an environment with only these requirements.

    The tests' own environment has the same from the lock, each file by its hash: they are linked.
    """
    lock = (ROOT / "requirements.lock").read_text()
    folder = home / f"venv-{hashlib.sha256(requirements.encode()).hexdigest()[:12]}"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    pins_and_hashes = re.findall(r"^[\w.-]+==\S+|--hash=\S+", requirements, re.MULTILINE)
    assert set(pins_and_hashes) <= set(lock.split())
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", requirements, re.MULTILINE):
        _link(name, version, packages)
    python = folder / "bin/python"
    return Environment(python, ForkServer(python, home, {}))


def _link(name: str, version: str, packages: Path) -> None:
    found = distribution(name)
    assert found.version == version
    folders = set[str]()
    for file in found.files or ():
        if ".." in file.parts:  # a console script
            continue
        if len(file.parts) > 1 and _owners()[file.parts[0]] == 1:
            folders.add(file.parts[0])
        else:
            _link_file(Path(str(found.locate_file(file))), packages / file)
    for folder in folders:
        (packages / folder).symlink_to(str(found.locate_file(folder)))


@cache
def _owners() -> Counter[str]:
    """Count the packages that have files in each folder of site-packages, such as `google`."""
    return Counter(
        top
        for each in distributions()
        for top in {file.partition("/")[0] for file in (each.read_text("RECORD") or "").split("\n")}
    )


def _link_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        target.symlink_to(source)
