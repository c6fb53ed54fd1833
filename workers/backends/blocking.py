"""The five verbs over an API that answers a request with its result."""

import asyncio
from abc import ABC, abstractmethod
from uuid import uuid4

from workers.backends.base import Handle
from workers.backends.http import Api
from workers.errors import WorkError
from workers.task import Health, Phase, Result, Status, Task


class BlockingBackend(ABC):
    """Runs `make` as a task of the event loop for each submitted task."""

    kind: str

    def __init__(self, api: Api) -> None:
        self.api = api
        self._runs: dict[Handle, asyncio.Task[Result]] = {}

    @abstractmethod
    async def make(self, task: Task) -> Result:
        """Ask the provider and return its result."""

    @abstractmethod
    async def list_models(self) -> tuple[str, ...]:
        """Return the provider's models."""

    async def progress(self) -> float | None:
        """Return the share of the current task that is done, where the provider tells."""
        return None

    async def interrupt(self) -> None:
        """Stop the provider's current task, where closing the request is not enough."""
        return

    async def submit(self, task: Task) -> Handle:
        handle = uuid4().hex
        self._runs[handle] = asyncio.create_task(self.make(task))
        return handle

    async def poll(self, handle: Handle) -> Status:
        run = self._runs[handle]
        if not run.done():
            await asyncio.wait([run], timeout=0.2)
        if not run.done():
            return Status(Phase.RUNNING, await self.progress())
        if error := run.exception():
            self._runs.pop(handle)
            raise error
        return Status(Phase.DONE, 1.0)

    async def result(self, handle: Handle) -> Result:
        return self._runs.pop(handle).result()

    async def cancel(self, handle: Handle) -> None:
        run = self._runs.pop(handle, None)
        if run is None or run.done():
            return
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await self.interrupt()

    async def health(self) -> Health:
        try:
            return Health(is_healthy=True, models=(await self.list_models())[:50])
        except WorkError as exc:
            return Health(is_healthy=False, error=str(exc))

    async def close(self) -> None:
        for handle in list(self._runs):
            await self.cancel(handle)
        await self.api.close()
