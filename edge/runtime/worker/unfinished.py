"""Names the function's own threads and tasks that end with the worker: work that is lost."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from types import CodeType, FrameType
from typing import Any, Final

_MOST: Final = 5
_POOL_THREAD: Final = os.path.join("concurrent", "futures", "thread.py")


def warn_of_unfinished(folders: Sequence[str], awaited: str) -> None:
    """Print a line to standard error if something of the code below `folders` still runs.

    Tasks and threads whose names begin with `awaited` were registered and have had their time.
    """
    found = sorted((*_tasks(folders, awaited), *_threads(folders, awaited)))
    if found:
        more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
        sys.stderr.write(
            f"WARNING: The worker ended before its {', '.join(found[:_MOST])}{more}, which is lost."
            " A worker waits for work that is registered only: ctx.wait_until(…), or wait_until(…)"
            " of shared.runtime.background\n"
        )


def _tasks(folders: Sequence[str], awaited: str) -> Iterator[str]:
    for task in asyncio.all_tasks():
        code: CodeType | None = getattr(task.get_coro(), "cr_code", None)
        is_own = code is not None and _is_below(code.co_filename, folders)
        if code and is_own and not task.get_name().startswith(awaited):
            yield f"task {code.co_qualname} ({_place(code.co_filename, code.co_firstlineno)})"


def _threads(folders: Sequence[str], awaited: str) -> Iterator[str]:
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if thread is threading.main_thread() or thread.name.startswith(awaited) or not frame:
            continue
        own = [each for each in _stack(frame) if _is_below(each.f_code.co_filename, folders)]
        if own:
            outer = own[-1]
            place = _place(outer.f_code.co_filename, outer.f_lineno)
            yield f"thread {outer.f_code.co_qualname} ({place})"
        elif not thread.daemon and not _is_of_pool(frame):
            yield f"thread {thread.name}"


def _stack(frame: FrameType) -> Iterator[FrameType]:
    """Yield the frames, the innermost first."""
    each: Any = frame
    while each:
        yield each
        each = each.f_back


def _is_of_pool(frame: FrameType) -> bool:
    return any(each.f_code.co_filename.endswith(_POOL_THREAD) for each in _stack(frame))


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return path.startswith(tuple(folders)) and "site-packages" not in path


def _place(path: str, line: int) -> str:
    return f"{os.path.basename(path)}:{line}"
