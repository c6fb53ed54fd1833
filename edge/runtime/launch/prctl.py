"""What the kernel is asked to do for our processes: die with the parent, be closed to siblings."""

import os
import signal
import stat
import threading
import time
from pathlib import Path
from typing import Final

from edge.operating_system import IS_LINUX, signal_when_parent_dies

_GLANCE: Final = 0.5


def die_with_parent(parent: int) -> None:
    """Kill this process when `parent`, which started it, is gone.

    Elsewhere than on Linux a thread looks: call it where there may be one.
    """
    if not IS_LINUX:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
        return
    signal_when_parent_dies(signal.SIGKILL)()
    if os.getppid() != parent:
        os._exit(1)


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_GLANCE)
    os._exit(1)


def outlive_parent() -> None:
    """Take `die_with_parent` back: what is to be done then is done by ourselves (Linux)."""
    signal_when_parent_dies(0)()


def closed_folder(path: Path) -> Path | None:
    """Return the first folder on the way to `path` that other accounts may not enter."""
    way = (*reversed(path.resolve().parents), path.resolve())
    return next((folder for folder in way if not folder.stat().st_mode & stat.S_IXOTH), None)
