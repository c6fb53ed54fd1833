"""What the kernel is asked to do for our processes: die with the parent, be closed to siblings."""

import ctypes
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36


def die_with_parent(parent: int) -> None:
    """Kill this process when `parent`, which started it, is gone (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def outlive_parent() -> None:
    """Take `die_with_parent` back: what is to be done then is done by ourselves (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def close_to_siblings() -> None:
    """Let no other process of the same user read this one's memory or environment (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def closed_folder(path: Path) -> Path | None:
    """Return the first folder on the way to `path` that other accounts may not enter."""
    way = (*reversed(path.resolve().parents), path.resolve())
    return next((folder for folder in way if not folder.stat().st_mode & stat.S_IXOTH), None)


def become(uid: int) -> None:
    """Give up root for an account that owns nothing."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
