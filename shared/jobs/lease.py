"""Runs the work of a leased job and stops it when the lease is lost."""

import asyncio
from collections.abc import Awaitable, Callable


class LeaseLostError(Exception):
    """The job was cancelled or finished, or another worker has claimed it."""


async def run_leased(
    work: Callable[[], Awaitable[None]], renew: Callable[[], Awaitable[bool]], interval: float
) -> None:
    """Run `work` while renewing the lease every `interval` seconds.

    Cancels `work` when `renew` returns False. Returns normally on a lost lease, also if `work`
    raises LeaseLostError: the holder of the lease decides about the job. Other exceptions are
    raised in an exception group.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            renewal = tasks.create_task(_keep_renewing(renew, interval))
            await work()
            renewal.cancel()
    except* LeaseLostError:
        pass


async def _keep_renewing(renew: Callable[[], Awaitable[bool]], interval: float) -> None:
    while await renew():  # noqa: ASYNC110 - the lease is a row, not an event
        await asyncio.sleep(interval)
    raise LeaseLostError
