"""A queue in Postgres by pgmq, through the data API: Supabase Queues on the platform."""

from dataclasses import dataclass
from typing import Any, Final

from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.queue.port import Depth, Message

_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class PgmqQueue:
    """The Queue of a project's database."""

    env: SupabaseEnv

    async def send(
        self, queue: str, body: str, *, id: str | None = None, group: str = "", priority: int = 0
    ) -> str:
        """Append a message and return its id, which pgmq gives."""
        arguments = {"body": body, "message_group": group, "priority": priority}
        return str(await self._call("send_queue_message_v1", queue=queue, **arguments))

    async def claim(self, queue: str, seconds: float) -> Message | None:
        """Lease the next message."""
        found = await self._call("read_queue_message_v1", queue=queue, seconds=round(seconds))
        return Message(queue, str(found["id"]), found["body"], found["reads"]) if found else None

    async def renew(self, message: Message, seconds: float) -> bool:
        """Extend the lease."""
        return await self._settle(message, round(seconds))

    async def done(self, message: Message) -> bool:
        """Archive the message."""
        return await self._settle(message, None)

    async def fail(self, message: Message, delay: float = 0) -> bool:
        """Give the message back."""
        return await self._settle(message, round(delay))

    async def depth(self, queue: str) -> Depth:
        """Count the messages."""
        found = await self._call("measure_queue_v1", queue=queue)
        return Depth(found["waiting"], found["in_flight"], found["oldest_seconds"])

    async def peek(self, queue: str, first: int, last: int) -> list[Any]:
        """Return the bodies of waiting messages, in order."""
        return await self._call("peek_queue_v1", queue=queue, first=first, last=last)

    async def close(self) -> None:
        """Do nothing: the connections are the process's."""

    async def _settle(self, message: Message, seconds: int | None) -> bool:
        return await self._call(
            "settle_queue_message_v1",
            queue=message.queue,
            message_id=int(message.id),
            reads=message.reads,
            seconds=seconds,
        )

    async def _call(self, function: str, **arguments: Any) -> Any:
        return await call_rpc(self.env, None, function, arguments, seconds=_SECONDS)
