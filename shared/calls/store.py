"""Applies events in the database: one at once, those that come meanwhile together in the next call.

Under a storm an event then costs a part of a round trip and of a commit; without one it waits for
nobody. An event is answered only when its transaction is committed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

from pydantic_core import from_json, to_json

from shared.calls.event import Applied, CallEvent
from shared.clients import http_pool
from shared.env import SupabaseEnv
from shared.errors import BadInputError, FunctionError

_LANES: Final = 2  # calls under way at once
_MOST: Final = 100  # events in one
_CONFLICTS: Final = ("40001", "40P01")
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event as JSON for public.apply_call_events, and who waits for the answer."""

    call_id: str
    document: bytes
    answer: asyncio.Future[Applied]


class NotStoredError(FunctionError):
    """The event is not in the database: the provider, told so by the 500, sends it again."""

    default_code = "DATABASE_UNAVAILABLE"


@dataclass(slots=True)
class EventStore:
    """One project's; used by one event loop."""

    env: SupabaseEnv
    _waiting: list[_Waiting] = field(default_factory=list[_Waiting], init=False)
    _lanes: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)

    async def apply(self, event: CallEvent) -> Applied:
        """Return when it is committed; NotStoredError if that is not known."""
        for left in reversed(range(_TRIES)):
            try:
                return await self._submit(event.call_id, render_event(event))
            except _ConflictError as exc:
                if not left:
                    raise NotStoredError("The event met others again and again.") from exc
        raise AssertionError

    def _submit(self, call_id: str, document: bytes) -> asyncio.Future[Applied]:
        answer: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(call_id, document, answer))
        if len(self._lanes) < _LANES:
            lane = asyncio.create_task(self._empty())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return answer

    async def _empty(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            # All transactions lock calls in the same order.
            batch.sort(key=lambda waiting: waiting.call_id)
            await self._send(batch)

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        try:
            answers = await self._call([waiting.document for waiting in batch])
        except Exception as exc:  # whoever waits for one of them has to know
            await self._take_apart(batch, exc)
            return
        for waiting, answer in zip(batch, answers, strict=True):
            if "error" in answer:
                _fail(waiting.answer, _read_error(answer))
            elif not waiting.answer.done():
                waiting.answer.set_result(Applied.read(answer))

    async def _take_apart(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """One event that the database cannot read must not fail its neighbours."""
        if isinstance(error, _RefusedError) and len(batch) > 1:
            for waiting in batch:
                await self._send([waiting])
            return
        for waiting in batch:
            _fail(waiting.answer, error)

    async def _call(self, documents: Sequence[bytes]) -> list[dict[str, Any]]:
        import httpx

        try:
            response = await http_pool(self.env.url).post(
                f"{self.env.url}/rest/v1/rpc/apply_call_events",
                content=b'{"events":[' + b",".join(documents) + b"]}",
                headers=_headers(self.env.secret_key),
            )
        except httpx.TransportError as exc:
            raise NotStoredError("The database cannot be reached just now.") from exc
        if response.status_code != 200:
            kind = NotStoredError if response.status_code >= 500 else _RefusedError
            cause = RuntimeError(f"{response.status_code} {response.text[:500]}")
            raise kind("The database did not take the event.") from cause
        return cast("list[dict[str, Any]]", from_json(response.content))


class _RefusedError(NotStoredError):
    """The database did not even begin with it."""


class _ConflictError(Exception):
    """Another transaction was in the way: the same again may succeed."""


@lru_cache(maxsize=1)
def event_store(env: SupabaseEnv) -> EventStore:
    """The process's own."""
    return EventStore(env)


@lru_cache(maxsize=1)
def _headers(key: str) -> dict[str, str]:
    return {"apikey": key, "authorization": f"Bearer {key}", "content-type": "application/json"}


def render_event(event: CallEvent) -> bytes:
    """The event as one of those that public.apply_call_events takes."""
    try:
        return to_json(event.arguments(), inf_nan_mode="null")
    except ValueError as exc:
        raise _unstorable() from exc


def _unstorable() -> FunctionError:
    return BadInputError("The event holds a value that cannot be stored.", code="UNSTORABLE")


def _read_error(answer: dict[str, Any]) -> Exception:
    code, message = str(answer["code"]), str(answer["error"])
    if code in _CONFLICTS:
        return _ConflictError(message)
    if code == "PT400":
        return BadInputError(message)
    if code.startswith("22"):
        return _unstorable()
    error = NotStoredError("The event could not be stored.", metadata={"sqlstate": code})
    error.__cause__ = RuntimeError(message)
    return error


def _fail(answer: asyncio.Future[Applied], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
