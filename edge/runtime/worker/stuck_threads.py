"""Finds out that a plain function's threads wait for each other: none of them will go on."""

import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any, Final

from edge.operating_system import other_threads_wait_for_locks

_NAME: Final = "WSGI"
"""What the names of the threads begin with, see a2wsgi."""
_DEPTH: Final = 8
_FREE: Final = os.path.join("concurrent", "futures", "thread.py")
_AWAITS: Final = os.path.join("concurrent", "futures", "_base.py")
"""Where a thread waits for a result, which the event loop may bring."""
_Place = tuple[tuple[CodeType, int], ...]


class StuckThreads:
    """Looks at the `most` threads that serve requests."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[int, _Place] = {}

    def look(self) -> bool:
        """Whether all wait for locks where they were before, and no other thread can free one."""
        before, self._places = self._places, self._find()
        is_still = len(self._places) >= self._most and self._places == before
        return is_still and other_threads_wait_for_locks()

    def _find(self) -> dict[int, _Place]:
        """Return where the threads are; nothing if one of them is free, or awaits a result."""
        serving = [each for each in threading.enumerate() if each.name.startswith(_NAME)]
        if len(serving) < self._most:
            return {}
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
        places: dict[int, _Place] = {}
        for thread in serving:
            stack = _stack(frames.get(thread.ident or 0))
            files = [code.co_filename for code, _ in stack]
            if not files or files[0].endswith(_FREE) or any(map(_is_awaiting, files)):
                return {}
            places[thread.ident or 0] = stack
        return places


def _is_awaiting(file: str) -> bool:
    return file.endswith(_AWAITS)


def _stack(frame: FrameType | None) -> _Place:
    """Return the innermost frames: their code, and how far it has come."""
    found: list[tuple[CodeType, int]] = []
    each: Any = frame
    while each and len(found) < _DEPTH:
        found.append((each.f_code, each.f_lasti))
        each = each.f_back
    return tuple(found)
