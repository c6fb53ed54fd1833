"""Relays as `edge relay write` writes them, run by Deno as the hosted project would."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli_process import edge, shell
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

FUNCTIONS = Path(__file__).with_name("relayed_functions")
HOST = ROOT / "tests/e2e/js/relay_host.ts"


def find_deno() -> str:
    """Return the program that the package `deno` installs; skip the test where there is none."""
    deno = shutil.which("deno", path=str(Path(sys.executable).parent)) or shutil.which("deno")
    if deno is None:
        pytest.skip("Deno is missing: scripts/setup dev installs it")
    return deno


def write_relays(root: Path, url: str, *names: str, options: tuple[str, ...] = ()) -> Path:
    """Write relays of a project's functions; return their folder."""
    written = edge(root, "relay", "write", *names, "--url", url, *options)
    assert written.returncode == 0, written.stderr
    return root / "supabase/functions"


@contextmanager
def relay_host(folder: Path, api_url: str, **variables: str) -> Iterator[str]:
    """Serve the relays below `folder` at /functions/v1, and what else `api_url` has."""
    environment = shell(DENO_DIR=str(folder / ".deno"), DENO_NO_UPDATE_CHECK="1", **variables)
    allowed = ("--allow-net", "--allow-read", "--allow-env", "--no-remote", "--no-check")
    log = folder / "host.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [find_deno(), "run", *allowed, str(HOST), str(folder), api_url],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        yield f"http://127.0.0.1:{json.loads(line)}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
