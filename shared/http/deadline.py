"""How much time a request has left: one deadline for all that is done on its behalf."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final

from shared.errors import DeadlineError

REQUEST_SECONDS: Final = 140.0  # the platform waits 150 for the first byte; ours has to come before
# A call that knows the time left ends with its own error; others are cancelled at the deadline.
_GRACE: Final = 1.0

_ends_at: ContextVar[float | None] = ContextVar("_ends_at", default=None)


@asynccontextmanager
async def deadline(seconds: float) -> AsyncGenerator[None]:
    """End what happens inside after that time, by a `DeadlineError`."""
    token = _ends_at.set(asyncio.get_running_loop().time() + seconds)
    scope = asyncio.timeout(seconds + _GRACE)
    try:
        async with scope:
            yield
    except TimeoutError as exc:
        if scope.expired():
            raise DeadlineError(f"The function did not finish within {seconds:g} s.") from exc
        raise
    finally:
        _ends_at.reset(token)


def seconds_left() -> float:
    """Return the seconds left for this request; infinite outside of one."""
    ends_at = _ends_at.get()
    return math.inf if ends_at is None else max(ends_at - asyncio.get_running_loop().time(), 0.0)


def forget_deadline() -> None:
    """Remove the deadline, for work that outlives its request."""
    _ends_at.set(None)
