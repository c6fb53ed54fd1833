"""Turns what faulthandler writes about a hanging worker into a line that names the place."""

import re
from collections.abc import Iterable, Iterator
from itertools import dropwhile, takewhile
from typing import Final

_THREAD: Final = re.compile(r"(Current t|T)hread 0x[0-9a-f]+ .*\(most recent call first\):")
_FRAME: Final = re.compile(r'\s*File "(?P<file>.+)", line (?P<line>\d+) in (?P<name>.+)')
_OURS: Final = ("/edge/runtime/", "/uvicorn/", "/functions_framework/", "/asyncio/runners.py")
_WAITING: Final = ("/concurrent/futures/thread.py", "/threading.py", "/queue.py", "/selectors.py")
_MOST_FRAMES: Final = 12


def render_stacks(lines: Iterable[str], *, has_waiting: bool = False) -> str:
    """Return where each thread is that does something, the function's innermost frame first.

    With `has_waiting` also where those are that wait for others.
    """
    threads = (_skip_waiting(each) if has_waiting else each for each in _split(lines))
    stacks = [frames for thread in threads if (frames := _trim(thread))]
    return "; and ".join(", from ".join(map(_place, frames)) for frames in stacks) or "not known"


def _split(lines: Iterable[str]) -> Iterator[list[re.Match[str]]]:
    """The frames of each thread, the main thread's first."""
    threads: list[list[re.Match[str]]] = []
    for line in lines:
        if _THREAD.match(line):
            threads.append([])
        elif threads and (frame := _FRAME.match(line)):
            threads[-1].append(frame)
    return reversed(threads)


def _skip_waiting(frames: list[re.Match[str]]) -> list[re.Match[str]]:
    return list(dropwhile(lambda frame: frame["file"].endswith(_WAITING), frames))


def _trim(frames: list[re.Match[str]]) -> list[re.Match[str]]:
    """Without the frames of the server around the function; none of a thread that waits."""
    if not frames or frames[0]["file"].endswith(_WAITING):
        return []
    return list(takewhile(lambda frame: not _is_ours(frame["file"]), frames))[:_MOST_FRAMES]


def _is_ours(file: str) -> bool:
    return any(part in file for part in _OURS)


def _place(frame: re.Match[str]) -> str:
    return f"{frame['name']} ({frame['file']}:{frame['line']})"
