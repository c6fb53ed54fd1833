"""The five verbs over an API that queues a request and is asked how it goes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import uuid4

from workers.backends.base import Handle
from workers.backends.http import Api
from workers.errors import BadTaskError, WorkError
from workers.task import ChatTask, Health, ImageTask, Phase, Result, Status, Task

T = TypeVar("T")


@dataclass(slots=True)
class Ticket(Generic[T]):
    """A request at the provider: its task, what names it there, and its latest answer."""

    task: ImageTask
    name: T
    answer: dict[str, Any] = field(default_factory=dict[str, Any])


class QueuedBackend(ABC, Generic[T]):
    """Keeps the tickets of submitted tasks."""

    kind: str

    def __init__(self, api: Api) -> None:
        self.api = api
        self.tickets: dict[Handle, Ticket[T]] = {}

    @abstractmethod
    async def start(self, task: ImageTask) -> T:
        """Queue the task at the provider and return what names it there."""

    @abstractmethod
    async def ask(self, ticket: Ticket[T]) -> Status:
        """Return the task's state; keeps what `collect` needs in `ticket.answer`."""

    @abstractmethod
    async def collect(self, ticket: Ticket[T]) -> Result:
        """Return the result of a task that is done."""

    @abstractmethod
    async def stop(self, ticket: Ticket[T]) -> None:
        """Cancel the task at the provider."""

    @abstractmethod
    async def list_models(self) -> tuple[str, ...]:
        """Return the provider's models; raises WorkError if it cannot be used."""

    async def submit(self, task: Task) -> Handle:
        if isinstance(task, ChatTask):
            raise BadTaskError(f"{self.kind} does not answer messages.")
        handle = uuid4().hex
        self.tickets[handle] = Ticket(task, await self.start(task))
        return handle

    async def poll(self, handle: Handle) -> Status:
        status = await self.ask(self.tickets[handle])
        if status.phase in {Phase.FAILED, Phase.CANCELLED}:
            self.tickets.pop(handle)
        return status

    async def result(self, handle: Handle) -> Result:
        result = await self.collect(self.tickets[handle])
        self.tickets.pop(handle)
        return result

    async def cancel(self, handle: Handle) -> None:
        if ticket := self.tickets.pop(handle, None):
            try:
                await self.stop(ticket)
            except WorkError:
                return

    async def health(self) -> Health:
        try:
            return Health(is_healthy=True, models=(await self.list_models())[:50])
        except WorkError as exc:
            return Health(is_healthy=False, error=str(exc))

    async def close(self) -> None:
        for handle in list(self.tickets):
            await self.cancel(handle)
        await self.api.close()
