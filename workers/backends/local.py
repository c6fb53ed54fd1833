"""The back-end `local`: draws in a thread, answers messages by rules; no key, no GPU."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from uuid import uuid4

from workers.backends.base import Handle
from workers.errors import WorkError
from workers.task import ChatTask, Health, ImageTask, Phase, Result, Status, Task

MODELS = ("local-procedural", "local-extractive")


class _CancelledError(Exception):
    """The drawing was cancelled between two files."""


@dataclass(slots=True)
class _Run:
    future: "asyncio.Future[Result]"
    cancelled: Event = field(default_factory=Event)
    progress: float = 0.0

    def advance(self, share: float) -> None:
        """Keep the progress. Raises _CancelledError once the task was cancelled."""
        self.progress = share
        if self.cancelled.is_set():
            raise _CancelledError


class LocalBackend:
    """Runs tasks in threads of this process."""

    kind = "local"

    def __init__(self) -> None:
        self._runs: dict[Handle, _Run] = {}

    async def submit(self, task: Task) -> Handle:
        """Start the task in a thread; NumPy and Pillow are imported with the first one."""
        handle = uuid4().hex
        loop = asyncio.get_running_loop()
        run = _Run(loop.create_future())
        run.future = asyncio.ensure_future(asyncio.to_thread(_work, task, run.advance))
        self._runs[handle] = run
        return handle

    async def poll(self, handle: Handle) -> Status:
        run = self._runs[handle]
        if not run.future.done():
            await asyncio.wait([run.future], timeout=0.2)
        if not run.future.done():
            return Status(Phase.RUNNING, run.progress)
        error = run.future.exception()
        if isinstance(error, WorkError):
            self._runs.pop(handle)
            raise error
        return Status(Phase.FAILED, error=str(error)) if error else Status(Phase.DONE, 1.0)

    async def result(self, handle: Handle) -> Result:
        return self._runs.pop(handle).future.result()

    async def cancel(self, handle: Handle) -> None:
        if run := self._runs.pop(handle, None):
            run.cancelled.set()
            await asyncio.gather(run.future, return_exceptions=True)

    async def health(self) -> Health:
        return Health(is_healthy=True, models=MODELS)

    async def close(self) -> None:
        for handle in list(self._runs):
            await self.cancel(handle)


def _work(task: Task, advance: Callable[[float], None]) -> Result:
    if isinstance(task, ChatTask):
        from workers.local.reply import reply

        return reply(task)
    assert isinstance(task, ImageTask)
    from workers.local.draw import draw

    return draw(task, advance)
