"""The database of a stack's first start, made once and copied: `initdb` and migrations take 2 s.

Copies are for tests of something else than the first start. They hold what this project's
migrations make where the started project has the same ones, else just the platform's schemas.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.install import binaries
from edge.emulator.postgres.local_database import plan_schema
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.postgres.project_schema import apply_plan
from edge.project.settings import load_settings
from tests.support.paths import ROOT

_KEPT: Final = ROOT / ".pytest_cache/d/databases"
_NOT_DURABLE: Final = "fsync = off\nfull_page_writes = off\n"
"""What is tested are killed processes, not power cuts: a busy disk must not stall all tests."""


def give_database(project: Path, state: Path | None = None) -> None:
    """Copy a database to where a stack that has not started yet keeps its own."""
    target = (state or project / ".edge") / "postgres"
    if target.exists():
        return
    source = _made(_digest(project / "supabase") == _digest(ROOT / "supabase"))
    target.parent.mkdir(parents=True, exist_ok=True)
    for name in source.iterdir():
        copied = ["cp", "-a", "--reflink=auto", str(name), str(target.with_name(name.name))]
        subprocess.run(copied, check=True)


def _digest(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc")
    texts = (part for path in files for part in (path.name.encode(), path.read_bytes()))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


@cache
def _made(is_migrated: bool) -> Path:
    """Return the folder of a database, made by whichever process asks first."""
    parts = "".join(map(_digest, _sources(is_migrated))) + str(binaries())
    folder = _KEPT / f"{hashlib.sha256(parts.encode()).hexdigest()[:16]}-{is_migrated:d}"
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for older in _KEPT.glob(f"*-{is_migrated:d}"):
                shutil.rmtree(older)
            unfinished = _KEPT / f"unfinished-{is_migrated:d}"
            shutil.rmtree(unfinished, ignore_errors=True)
            _make(unfinished / "postgres", is_migrated)
            unfinished.rename(folder)
    return folder


def _sources(is_migrated: bool) -> Iterator[Path]:
    yield ROOT / "edge/emulator/postgres"
    if is_migrated:
        yield ROOT / "supabase"


def _make(data: Path, is_migrated: bool) -> None:
    cluster = Cluster(data, durable=False)
    cluster.start()
    try:
        bootstrap(cluster.dsn())
        if is_migrated:
            plan = plan_schema(load_settings(ROOT, environ={}))
            apply_plan(cluster.dsn(user="postgres"), plan)
    finally:
        cluster.stop()
    (data / "server.log").unlink()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(_NOT_DURABLE)
