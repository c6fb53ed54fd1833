"""Node with supabase-js, for tests against the whole stack."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE

Play = Callable[..., dict[str, Any]]

JS = Path(__file__).with_name("js")
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def node() -> str:
    """Install supabase-js and socket.io-client next to the scenarios."""
    path = os.pathsep.join((str(BIN), os.environ["PATH"]))
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        pytest.skip("Node is missing: scripts/setup dev installs it")
    packages = ("@supabase/supabase-js", "socket.io-client")
    if not all((JS / "node_modules" / name).is_dir() for name in packages):
        installed = subprocess.run(
            [npm, "ci", "--silent"], cwd=JS, env={**os.environ, "PATH": path}, check=False
        )
        if installed.returncode:
            pytest.skip("supabase-js cannot be installed: no way to the npm registry")
    return node


@pytest.fixture
def play(node: str, stack: RunningStack) -> Play:
    """Run the named scenarios with `variables` against the stack; return all responses."""
    address = {
        "PATH": os.environ["PATH"],
        "API_URL": stack.url,
        "SERVICE_KEY": stack.secret_key,
        "PUBLIC_KEY": stack.publishable_key,
    }

    def run(scenarios: str, **variables: str) -> dict[str, Any]:
        ran = subprocess.run(
            [node, scenarios],
            cwd=JS,
            env=address | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=3 * PATIENCE,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run
