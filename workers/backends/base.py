"""The five verbs of a back-end, and the waiting for what was submitted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from workers.errors import ProviderError, SlowError
from workers.task import Health, Phase, Result, Status, Task

Handle = str
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0


class Backend(Protocol):
    """What makes pictures, videos or replies. All verbs raise WorkError."""

    kind: str

    async def submit(self, task: Task) -> Handle:
        """Start the task and return its handle."""
        ...

    async def poll(self, handle: Handle) -> Status:
        """Return the state of a submitted task."""
        ...

    async def result(self, handle: Handle) -> Result:
        """Return what a task has made, once its phase is DONE; the handle ends."""
        ...

    async def cancel(self, handle: Handle) -> None:
        """Stop the task if it runs; the handle ends."""
        ...

    async def health(self) -> Health:
        """Return whether tasks can be submitted; never raises."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


async def run(
    backend: Backend,
    task: Task,
    seconds: float,
    on_status: Callable[[Status], Awaitable[None]] | None = None,
) -> Result:
    """Submit the task and wait for its result; cancels it when cancelled or too slow.

    `on_status` is awaited after each poll. Raises WorkError.
    """
    handle = await backend.submit(task)
    try:
        async with asyncio.timeout(seconds):
            await _wait(backend, handle, on_status)
            return await backend.result(handle)
    except TimeoutError as exc:
        await asyncio.shield(backend.cancel(handle))
        raise SlowError(f"{backend.kind} did not finish within {seconds:g} s.") from exc
    except BaseException:
        await asyncio.shield(backend.cancel(handle))
        raise


async def _wait(
    backend: Backend, handle: Handle, on_status: Callable[[Status], Awaitable[None]] | None
) -> None:
    pause = _FIRST_PAUSE
    while True:
        status = await backend.poll(handle)
        if on_status:
            await on_status(status)
        if status.phase is Phase.DONE:
            return
        if status.phase in {Phase.FAILED, Phase.CANCELLED}:
            raise ProviderError(status.error or f"{backend.kind} reports: {status.phase.value}.")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
