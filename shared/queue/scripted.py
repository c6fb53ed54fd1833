"""A queue in Redis or Valkey: each verb is one script, and thus atomic.

A queue NAME is a few keys with the prefix `{queue:NAME}`: waiting and leased messages as sorted
sets, and a hash for each message. Its order is pgmq's here: priority, rank, arrival.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

from shared.queue.port import Depth, Message

_FOLDER: Final = Path(__file__).with_name("scripts")
_ANY_CLAIM: Final = 0


class ScriptRunner(Protocol):
    """A connection that runs scripts. Raises UnavailableError if the server cannot be reached."""

    async def run(self, script: str, key: str, arguments: Sequence[str]) -> Any: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ScriptedQueue:
    """The Queue that a runner leads to."""

    runner: ScriptRunner

    async def send(
        self, queue: str, body: str, *, id: str | None = None, group: str = "", priority: int = 0
    ) -> str:
        """Append a message and return its id."""
        given = id or str(uuid4())
        await self._run("send", queue, given, body, group, priority)
        return given

    async def claim(self, queue: str, seconds: float) -> Message | None:
        """Lease the next message."""
        found = await self._run("claim", queue, _milliseconds(seconds))
        return Message(queue, _text(found[0]), _text(found[1]), int(found[2])) if found else None

    async def renew(self, message: Message, seconds: float) -> bool:
        """Extend the lease."""
        arguments = (message.id, message.reads, _milliseconds(seconds))
        return bool(await self._run("renew", message.queue, *arguments))

    async def done(self, message: Message) -> bool:
        """Remove the message."""
        return bool(await self._run("done", message.queue, message.id, message.reads))

    async def fail(self, message: Message, delay: float = 0) -> bool:
        """Give the message back."""
        arguments = (message.id, message.reads, _milliseconds(delay))
        return bool(await self._run("fail", message.queue, *arguments))

    async def depth(self, queue: str) -> Depth:
        """Count the messages."""
        waiting, in_flight, oldest = await self._run("depth", queue)
        return Depth(int(waiting), int(in_flight), int(oldest) / 1000)

    async def peek(self, queue: str, first: int, last: int) -> list[str]:
        """Return the bodies of waiting messages, in order."""
        return [_text(body) for body in await self._run("peek", queue, first, last)]

    async def close(self) -> None:
        """Close the connection."""
        await self.runner.close()

    async def _run(self, script: str, queue: str, *arguments: object) -> Any:
        key = f"{{queue:{queue}}}"
        return await self.runner.run(read_script(script), key, [str(a) for a in arguments])


def whoever_holds(queue: str, id: str) -> Message:
    """Name a message by its id alone: for a caller who knows the job but not the claim."""
    return Message(queue, id, "", _ANY_CLAIM)


@cache
def read_script(name: str) -> str:
    """Return a script's text."""
    return (_FOLDER / f"{name}.lua").read_text()


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
