"""Environments of bundles: interpreters with nothing but some requirements.

An environment imports its packages once: functions are loaded and served by its forks. Each fork
runs in the bundle's folder, with its environment, by the platforms' own command.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from tests.support.paths import ROOT

COMMAND: Final = ("--source", "main.py", "--target", "main", "--asgi", "--port")
_FORK_SERVER: Final = """
import contextlib, importlib, json, os, runpy, sys

def become(order):
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if not order["command"]:
        import main
        found = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        print("\\n" + json.dumps(found), flush=True)
        os._exit(0)
    sys.argv = ["functions_framework", *order["command"]]
    runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)

for line in sys.stdin:
    order = json.loads(line)
    if "folder" in order:
        pid = os.fork()
        if not pid:
            try:
                become(order)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stderr.flush()
                os._exit(1)
        if not order["command"]:
            os.waitpid(pid, 0)
    elif "import" in order:
        pid = 0
        for name in order["import"]:
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
    else:
        pid, status = os.waitpid(order["pid"], order["options"])
    print(json.dumps(pid), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter and the process that forks functions with its packages imported."""

    python: Path
    fork_server: subprocess.Popen[str]

    def list_modules(self, folder: Path) -> dict[str, str | None]:
        """Import a bundle's main.py; return the names and files of all modules of that process."""
        output = folder.with_suffix(".modules")
        self._order(folder=str(folder), environ={}, output=str(output), command=[])
        try:
            found: dict[str, str | None] = json.loads(output.read_text().splitlines()[-1])
        except ValueError:
            raise AssertionError(output.read_text()) from None
        packages = (name for name, file in found.items() if file and "site-packages" in file)
        self._order(**{"import": sorted(packages)})  # for the forks that follow
        return found

    def serve(self, folder: Path, port: int, environ: Mapping[str, str], output: Path) -> int:
        """Serve a bundle as the platforms do; return the process's id."""
        return self._order(
            folder=str(folder),
            environ={**environ, "PATH": f"{self.python.parent}:{environ['PATH']}"},
            output=str(output),
            command=[*COMMAND, str(port)],
        )

    def has_ended(self, pid: int) -> bool:
        return self._order(pid=pid, options=os.WNOHANG) != 0

    def wait(self, pid: int) -> None:
        """Wait until a process that was signalled has ended."""
        self._order(pid=pid, options=0)

    def close(self) -> None:
        self.fork_server.communicate()

    def _order(self, **order: Any) -> int:
        assert self.fork_server.stdin is not None
        assert self.fork_server.stdout is not None
        self.fork_server.stdin.write(json.dumps(order) + "\n")
        self.fork_server.stdin.flush()
        return json.loads(self.fork_server.stdout.readline())


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
    fork_server = subprocess.Popen(
        [str(python), "-c", _FORK_SERVER],
        cwd=home,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Environment(python, fork_server)


def _link(name: str, version: str, packages: Path) -> None:
    found = distribution(name)
    assert found.version == version
    for file in found.files or ():
        if ".." not in file.parts:  # skip console scripts
            source = Path(str(found.locate_file(file)))
            _link_file(source, packages / file)
            if source.suffix == ".py":
                cached = Path(importlib.util.cache_from_source(str(source)))
                if cached.exists():
                    _link_file(cached, packages / file.parent / "__pycache__" / cached.name)


def _link_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:  # another file system; bytecode is valid for the time of the source
        shutil.copy2(source, target)
