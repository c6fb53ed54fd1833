"""What the clients of the whole stack run in: Node with supabase-js."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

JS = Path(__file__).parents[1] / "js"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def node() -> str:
    """Node with supabase-js beside the scenarios."""
    path = os.pathsep.join((str(BIN), os.environ["PATH"]))
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        pytest.skip("Node is missing: scripts/setup dev installs it")
    if not (JS / "node_modules" / "@supabase" / "supabase-js").is_dir():
        installed = subprocess.run(
            [npm, "ci", "--silent"], cwd=JS, env={**os.environ, "PATH": path}, check=False
        )
        if installed.returncode:
            pytest.skip("supabase-js cannot be installed: no way to the npm registry")
    return node
