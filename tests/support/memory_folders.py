"""Folders in memory, each removed when its session ends; by the next one if that was killed."""

import fcntl
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_PREFIX = "edge-tests-"
_LOCK = "in-use"


@contextmanager
def folder_in_memory(memory: Path) -> Generator[Path]:
    """Make a folder that is locked while it is used, after removing those that no session uses."""
    for abandoned in memory.glob(f"{_PREFIX}*/{_LOCK}"):
        _remove_unless_locked(abandoned)
    with (
        TemporaryDirectory(prefix=_PREFIX, dir=memory) as name,
        (Path(name) / _LOCK).open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def _remove_unless_locked(path: Path) -> None:
    try:
        with path.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)
    except OSError:  # in use, gone, or another account's
        return
