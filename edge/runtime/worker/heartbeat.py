"""Reports to the parent that the event loop turns, and where the process hangs when it does not."""

import faulthandler
import os
import signal
import socket
from contextlib import suppress
from typing import Final

from edge.runtime.worker.stuck_threads import StuckThreads

STACK_SIGNAL: Final = signal.SIGUSR2
"""Has the worker write the stacks of its threads to its control line, even from inside C code."""
_IDLE_TICKS: Final = 10
_LOOK_TICKS: Final = 5
_BEATS: Final = {True: b'{"beat": true}\n', False: b'{"beat": false}\n'}
_STUCK: Final = b'{"stuck": true}\n'


class Heartbeat:
    """Sends `{"beat": whether requests are open}` on the control line, at uvicorn's ticks.

    While all of a plain function's threads are stuck it sends `{"stuck": true}` instead.
    """

    def __init__(self, control: int, threads: StuckThreads) -> None:
        self._socket = socket.socket(fileno=os.dup(control))
        self._threads = threads
        self._are_stuck = False
        self._requests = 0
        faulthandler.register(STACK_SIGNAL, file=control, all_threads=True)

    def tick(self, counter: int, *, is_busy: bool, requests: int) -> None:
        """Take a tick of 0.1 s; `requests` have been received in all."""
        is_new, self._requests = requests != self._requests, requests
        if counter % _LOOK_TICKS == 0:
            self._are_stuck = is_busy and self._threads.look()
        if is_busy or is_new or counter % _IDLE_TICKS == 0:
            with suppress(OSError):  # the parent is busy or gone: nobody waits for it here
                beat = _STUCK if self._are_stuck else _BEATS[is_busy]
                self._socket.send(beat, socket.MSG_DONTWAIT)
