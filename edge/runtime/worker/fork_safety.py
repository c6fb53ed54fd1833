"""What a process that a function forks keeps of its worker's: nothing that serves requests.

Such a child shares the event loop's epoll with the worker. If it went on serving, either would be
notified of the other's connections, and both would fall silent.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress

from edge.operating_system import event_polls


def keep_from_forks(descriptors: Callable[[], Iterable[int]]) -> None:
    """Take `descriptors` and the event loop away from every child that is forked from now on.

    One that leaves its work to return into the loop ends there.
    """

    def take_away() -> None:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in {*descriptors(), *event_polls()}:
            with suppress(OSError):
                os.dup2(null, fd, inheritable=False)
        os.close(null)

    os.register_at_fork(after_in_child=take_away)
