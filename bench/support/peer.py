"""What ours is measured against: the servers' commands."""

from pathlib import Path
from typing import Final

from tests.support.processes import ROOT, python

DENO: Final = ROOT / "bench/.peers/bin/deno"


def functions_framework(source: Path, port: int) -> list[str]:
    """The deployment contract's own server."""
    options = ["--target", "main", "--source", str(source), "--asgi", "--port", str(port)]
    return python("-m", "functions_framework", *options)


def deno(port: int) -> list[str]:
    """What the platform runs."""
    main = str(ROOT / "bench/peers/deno/main.ts")
    return [str(DENO), "run", "--no-remote", "--node-modules-dir=manual", "-A", main, str(port)]
