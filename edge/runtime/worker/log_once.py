"""Keeps tracebacks from being logged twice, as where a framework logs one and raises it again.

The second record is written without the traceback, which is in the log already.
"""

import logging
import sys
import traceback
from functools import wraps
from types import TracebackType
from typing import Any, Final

_MARK: Final = "_is_logged"
_BEGIN: Final = "\nTraceback (most recent call last):"
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def log_exceptions_once() -> None:
    """Let all formatters of this process render an exception once."""
    render: Any = logging.Formatter.formatException

    @wraps(render)
    def render_once(self: logging.Formatter, ei: _ExcInfo) -> str:
        error = ei[1]
        if error is None or _is_logged(error):
            return ""
        before = error.__cause__ or error.__context__
        is_half_logged = before is not None and _is_logged(before)
        _mark(error)
        if is_half_logged:
            return "".join(traceback.format_exception(error, chain=False)).rstrip("\n")
        return render(self, ei)

    logging.Formatter.formatException = render_once  # type: ignore[method-assign]
    _shorten_messages()


def _shorten_messages() -> None:
    """Cut tracebacks off messages too: functions-framework writes them there."""
    create = logging.getLogRecordFactory()

    def create_once(*args: Any, **options: Any) -> logging.LogRecord:
        record = create(*args, **options)
        error = sys.exception()
        if error is not None and isinstance(record.msg, str) and _BEGIN in record.msg:
            if _is_logged(error):
                record.msg = record.msg.partition(_BEGIN)[0]
            _mark(error)
        return record

    logging.setLogRecordFactory(create_once)


def _is_logged(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        parts: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return all(map(_is_logged, parts))
    return getattr(error, _MARK, False)


def _mark(error: BaseException | None) -> None:
    """Mark an exception and those that led to it, which are rendered with it."""
    if error is None or getattr(error, _MARK, False):
        return
    setattr(error, _MARK, True)
    _mark(error.__cause__ or error.__context__)
    if isinstance(error, BaseExceptionGroup):
        parts: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        for part in parts:
            _mark(part)
