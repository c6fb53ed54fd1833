"""What a scheduler of the platform would do, while a block of a test lasts."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def repeating(work: Callable[[], object], seconds: float) -> Generator[None]:
    """Call `work` in a thread, so many seconds after the last time, until the block ends."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
