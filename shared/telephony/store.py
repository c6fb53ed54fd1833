"""Applies events in the database: two calls at once, what comes meanwhile together in the next.

Under a storm an event then costs a part of a round trip and of a commit; without one it is sent
at once. An event is answered only when its transaction is committed.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from pydantic_core import to_json

from shared.env import SupabaseEnv
from shared.errors import FunctionError
from shared.runtime.batches import Batches
from shared.telephony.data_api import DataApi
from shared.telephony.errors import RefusedError, unstorable
from shared.telephony.event import Applied, CallEvent
from shared.telephony.postgres import DirectPostgres, DirectUnavailableError

_MOST: Final = 100  # events in one
_AT_ONCE: Final = 2  # so that the database works while the last answers are on their way
_TRIES: Final = 3  # of a transaction that was in another one's way


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event as JSON for the database's functions, and who waits for the answer."""

    call_id: str
    document: bytes
    answer: asyncio.Future[Applied]
    tries: int = 1

    def alone(self) -> "list[_Waiting]":
        """Return the batch of this event alone, for another try."""
        return [replace(self, tries=self.tries + 1)]


@dataclass(slots=True)
class EventStore:
    """One project's; used by one event loop."""

    env: SupabaseEnv
    _data_api: DataApi = field(init=False)
    _direct: DirectPostgres | None = field(init=False)
    _batches: Batches[_Waiting] = field(init=False)

    def __post_init__(self) -> None:
        self._batches = Batches(self._send_sorted, most=_MOST, at_once=_AT_ONCE)
        self._data_api = DataApi(self.env)
        url = self.env.database_url
        self._direct = DirectPostgres(url) if url else None

    async def apply(self, event: CallEvent) -> Applied:
        """Return when it is committed; NotStoredError if that is not known."""
        answer: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        self._batches.add(_Waiting(event.call_id, render_event(event), answer))
        return await answer

    async def _send_sorted(self, batch: Sequence[_Waiting]) -> None:
        """Apply a batch; all transactions lock calls in the same order."""
        await self._send(sorted(batch, key=lambda waiting: waiting.call_id))

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        """Apply a batch; one by one if one of them fails or another transaction conflicts."""
        try:
            answers = await self._apply(b"[%b]" % b",".join(one.document for one in batch))
        except RefusedError as exc:
            await self._send_again(batch, exc)
        except Exception as exc:  # whoever waits for one of them has to know
            _fail(batch, exc)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(Applied.parse(answer))

    async def _send_again(self, batch: Sequence[_Waiting], refused: RefusedError) -> None:
        if len(batch) > 1:
            for waiting in batch:
                await self._send(waiting.alone())
        elif refused.is_conflict and batch[0].tries < _TRIES:
            await self._send(batch[0].alone())
        else:
            await self._keep(batch[0], refused)

    async def _keep(self, waiting: _Waiting, refused: RefusedError) -> None:
        """Store an event that cannot be applied; each minute's maintenance tries it again."""
        if refused.is_sqlstate and not refused.is_conflict:
            with suppress(RefusedError, FunctionError):
                await self._data_api.keep(waiting.document)
                if not waiting.answer.done():
                    waiting.answer.set_result(Applied(kept_because=str(refused)))
                return
        _fail([waiting], refused.as_error())

    async def _apply(self, events: bytes) -> list[Any]:
        if self._direct is not None:
            with suppress(DirectUnavailableError):
                return await self._direct.apply(events)
        return await self._data_api.apply(events)


@lru_cache(maxsize=1)
def event_store(env: SupabaseEnv) -> EventStore:
    """Return the store of this process."""
    return EventStore(env)


def render_event(event: CallEvent) -> bytes:
    """Render the event as public.apply_call_events_v1 takes it."""
    try:
        return to_json(event.arguments(), inf_nan_mode="null")
    except ValueError as exc:
        raise unstorable() from exc


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
