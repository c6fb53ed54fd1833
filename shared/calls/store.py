"""Applies events in the database: two calls at once, what comes meanwhile together in the next.

Under a storm an event then costs a part of a round trip and of a commit; without one it waits for
nobody. An event is answered only when its transaction is committed.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json, to_json

from shared.calls.event import Applied, CallEvent
from shared.clients import http_pool
from shared.env import SupabaseEnv
from shared.errors import BadInputError, FunctionError

if TYPE_CHECKING:
    import httpx

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
        """For another try."""
        return [replace(self, tries=self.tries + 1)]


class NotStoredError(FunctionError):
    """The event is not in the database: the provider, told so by the 500, sends it again."""

    default_code = "DATABASE_UNAVAILABLE"


@dataclass(slots=True)
class EventStore:
    """One project's; used by one event loop."""

    env: SupabaseEnv
    _waiting: list[_Waiting] = field(default_factory=list[_Waiting], init=False)
    _sending: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)

    async def apply(self, event: CallEvent) -> Applied:
        """Return when it is committed; NotStoredError if that is not known."""
        answer: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(event.call_id, render_event(event), answer))
        if len(self._sending) < _AT_ONCE:
            sending = asyncio.create_task(self._send_waiting())
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        return await answer

    async def _send_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            # All transactions lock calls in the same order.
            batch.sort(key=lambda waiting: waiting.call_id)
            await self._send(batch)

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        """Together; one by one if one of them, or another transaction, is in the way."""
        try:
            documents = b",".join(waiting.document for waiting in batch)
            answers = await self._call("apply_call_events", b'{"events":[%b]}' % documents)
        except _RefusedError as exc:
            await self._send_again(batch, exc)
        except Exception as exc:  # whoever waits for one of them has to know
            _fail(batch, exc)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(Applied.read(answer))

    async def _send_again(self, batch: Sequence[_Waiting], refused: "_RefusedError") -> None:
        if len(batch) > 1:
            for waiting in batch:
                await self._send(waiting.alone())
        elif refused.is_conflict and batch[0].tries < _TRIES:
            await self._send(batch[0].alone())
        else:
            await self._keep(batch[0], refused)

    async def _keep(self, waiting: _Waiting, refused: "_RefusedError") -> None:
        """Have what cannot be applied stored as it came: the minute's check tries it again."""
        if refused.is_sqlstate and not refused.is_conflict:
            with suppress(_RefusedError, FunctionError):
                await self._call("keep_call_event", waiting.document)
                if not waiting.answer.done():
                    waiting.answer.set_result(Applied(kept_because=str(refused)))
                return
        _fail([waiting], refused.as_error())

    async def _call(self, function: str, arguments: bytes) -> Any:
        import httpx

        try:
            response = await http_pool(self.env.url).post(
                f"{self.env.url}/rest/v1/rpc/{function}",
                content=arguments,
                headers=_headers(self.env.secret_key),
            )
        except httpx.TransportError as exc:
            raise NotStoredError("The database cannot be reached just now.") from exc
        if response.status_code != 200:
            raise _read_refusal(response)
        return from_json(response.content)


class _RefusedError(Exception):
    """The database has undone the transaction; `code` is Postgres's or the data API's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def is_sqlstate(self) -> bool:
        """Whether Postgres itself has said it."""
        return len(self.code) == 5

    @property
    def is_conflict(self) -> bool:
        return self.code.startswith("40")

    def as_error(self) -> FunctionError:
        """What that is to the sender."""
        if self.code == "PT400":
            return BadInputError(self.message)
        if self.code.startswith("22"):
            return _unstorable()
        error = NotStoredError("The event could not be stored.", metadata={"reason": self.code})
        error.__cause__ = self
        return error


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


def _read_refusal(response: "httpx.Response") -> Exception:
    try:
        body: dict[str, Any] = from_json(response.content)
        refused = _RefusedError(str(body["code"]), str(body["message"]))
    except (ValueError, KeyError, TypeError):
        refused = _RefusedError(str(response.status_code), response.text[:500])
    is_unreachable = response.status_code >= 500 and not refused.is_sqlstate
    return refused.as_error() if is_unreachable else refused


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
