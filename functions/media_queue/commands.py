"""The commands of Redis lists that workers use, on the queues of jobs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.errors import BadInputError
from shared.queue.choose import choose_queue
from shared.queue.env import QueueEnv
from shared.queue.pgmq import PgmqQueue
from shared.queue.scripted import ScriptedQueue

from .jobs import QUEUES, claim_job
from .wire import render_value

_SECONDS: Final = 20.0
_MOST_POPPED: Final = 50
_MOST_LISTED: Final = 1_000


@dataclass(slots=True)
class Commands:
    """The commands of one request; `last` is the name of the last one."""

    env: SupabaseEnv
    settings: QueueEnv
    worker: str | None
    last: str = field(default="", init=False)

    async def run(self, command: Any) -> Any:
        """Run a command and return its result. Raises BadInputError."""
        parts = _read(command)
        self.last = parts[0].lower()
        handler = self._handlers().get(self.last)
        if handler is None:
            shown = parts[0][:40]
            raise BadInputError(f"ERR unknown command '{shown}': this is a queue of jobs")
        return await handler(parts[1:])

    def _handlers(self) -> dict[str, Callable[[list[str]], Awaitable[Any]]]:
        return {
            "ping": self._ping,
            "lpush": self._push,
            "rpush": self._push,
            "lpop": self._pop,
            "rpop": self._pop,
            "llen": self._count,
            "lrange": self._list,
            "del": self._delete,
        }

    @property
    def _queue(self) -> PgmqQueue | ScriptedQueue:
        return choose_queue(self.settings, self.env)

    async def _ping(self, arguments: list[str]) -> str:
        return arguments[0] if arguments else "PONG"

    async def _push(self, arguments: list[str]) -> int:
        _check_count(self.last, arguments, 2)
        queue = _known_queue(arguments[0])
        for body in arguments[1:]:
            await self._queue.send(queue, body)
        return (await self._queue.depth(queue)).waiting

    async def _pop(self, arguments: list[str]) -> Any:
        _check_count(self.last, arguments, 1)
        if arguments[0] not in QUEUES:
            return None
        if len(arguments) == 1:
            return await self._pop_one(arguments[0])
        popped: list[str] = []
        for _ in range(min(_integer(arguments[1]), _MOST_POPPED)):
            value = await self._pop_one(arguments[0])
            if value is None:
                break
            popped.append(value)
        return popped or None

    async def _pop_one(self, queue: str) -> str | None:
        value = await claim_job(self.env, self._queue, queue, self.worker)
        return None if value is None else render_value(value)

    async def _count(self, arguments: list[str]) -> int:
        _check_count(self.last, arguments, 1)
        return (await self._queue.depth(arguments[0])).waiting if arguments[0] in QUEUES else 0

    async def _list(self, arguments: list[str]) -> list[str]:
        _check_count(self.last, arguments, 3)
        first, last = _integer(arguments[1]), _integer(arguments[2])
        if arguments[0] not in QUEUES:
            return []
        bodies = await self._queue.peek(arguments[0], first, last)
        return [render_value(body) for body in bodies[:_MOST_LISTED]]

    async def _delete(self, arguments: list[str]) -> int:
        _check_count(self.last, arguments, 1)
        if not isinstance(self._queue, PgmqQueue):
            raise BadInputError("ERR DEL is for queues in Postgres: use the server's own client")
        count = 0
        for queue in arguments:
            if queue in QUEUES:
                removed = await call_rpc(
                    self.env, None, "purge_queue_v1", {"queue": queue}, seconds=_SECONDS
                )
                count += bool(removed)
        return count


def _read(command: Any) -> list[str]:
    if not isinstance(command, list) or not command:
        raise BadInputError('ERR a command is an array like ["RPOP", "sdxl_queue"]')
    parts: list[str] = []
    for part in cast("list[Any]", command):
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, int | float) and not isinstance(part, bool):
            parts.append(f"{part:g}" if isinstance(part, float) else str(part))
        else:
            parts.append(render_value(part))
    if any("\0" in part for part in parts):
        raise BadInputError("ERR a message has no NUL characters")
    return parts


def _check_count(name: str, arguments: list[str], least: int) -> None:
    if len(arguments) < least:
        raise BadInputError(f"ERR wrong number of arguments for '{name}' command")


def _integer(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 1 << 40
    if abs(value) > 1 << 31:
        raise BadInputError("ERR value is not an integer or out of range")
    return max(min(value, (1 << 31) - 1), -(1 << 31) + 1)


def _known_queue(name: str) -> str:
    if name not in QUEUES:
        raise BadInputError(f"ERR no such queue: use {' or '.join(QUEUES)}")
    return name
