"""Log lines of the stack's services, by the handler that takes what Python's `logging` is given."""

import logging
import time
from collections.abc import Callable
from typing import Final

from edge.events import Level
from edge.recording.items import ServiceLine
from edge.trace import current_request

_LOGGER: Final = "edge"
_CRON: Final = "edge.emulator.postgres.cron"
_SOURCES: Final = (
    (_CRON, "cron"),
    ("edge.emulator.scheduler", "cron"),
    ("edge.emulator.postgres", "postgres"),
    *((f"edge.emulator.{name}", name) for name in ("rest", "auth", "storage", "realtime")),
    ("edge.emulator.providers", "provider"),
)
_LONGEST: Final = 10_000


class ServiceLogs(logging.Handler):
    """Passes records on to `take`, with the source that the logger's name stands for."""

    def __init__(self, take: Callable[[ServiceLine], None]) -> None:
        super().__init__()
        self._take = take
        self._terminal = logging.lastResort

    def open(self) -> None:
        """Take records from now on; warnings still go to the terminal."""
        logger = logging.getLogger(_LOGGER)
        if self._terminal and not logger.hasHandlers():
            logger.addHandler(self._terminal)
        logger.addHandler(self)
        logging.getLogger(_CRON).setLevel(logging.INFO)

    def close(self) -> None:
        """Take no more."""
        logging.getLogger(_LOGGER).removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)[:_LONGEST]
        except Exception:  # arguments of the wrong kind: logging must not fail
            text = str(record.msg)[:_LONGEST]
        line = ServiceLine(
            time.time(), source_of(record.name), _level(record), text, current_request.get()
        )
        self._take(line)


def source_of(name: str) -> str:
    """Return the service that a logger belongs to."""
    return next((source for start, source in _SOURCES if name.startswith(start)), "gateway")


def _level(record: logging.LogRecord) -> Level:
    if record.levelno >= logging.ERROR:
        return Level.ERROR
    return Level.WARNING if record.levelno >= logging.WARNING else Level.INFO
