"""Retries calls of a model that failed for a passing reason, a few times and for a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.errors import UnavailableError, UpstreamError, UpstreamTimeoutError

_PASSING: Final = frozenset({"PROVIDER_FAILED", "PROVIDER_UNREACHABLE"})
_LONGEST_PAUSE: Final = 10.0

Reply = TypeVar("Reply")


async def retry_passing_failures(
    call: Callable[[], Awaitable[Reply]], *, tries: int = 3, pause: float = 1.0
) -> Reply:
    """Return the result of `call`; try again after a limit, an overload, a timeout or a 5xx.

    Pauses double, or are what the provider asks for, but no longer than 10 s. The last failure,
    and one that another try would not change, is raised.
    """
    for number in range(1, tries):
        try:
            return await call()
        except UpstreamError as exc:
            if not _passes(exc):
                raise
            await asyncio.sleep(min(_asked_pause(exc) or pause * 2 ** (number - 1), _LONGEST_PAUSE))
    return await call()


def _passes(error: UpstreamError) -> bool:
    return isinstance(error, (UnavailableError, UpstreamTimeoutError)) or error.code in _PASSING


def _asked_pause(error: UpstreamError) -> float | None:
    try:
        return max(float(error.headers.get("Retry-After", "")), 0.0)
    except ValueError:
        return None
