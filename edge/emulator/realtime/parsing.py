"""JSON from clients: parsed here if that is quick, in a process of its own if it may be long."""

from dataclasses import dataclass, field
from typing import Any, Final, cast

from edge.emulator.bounded_process import BoundedProcess, ProcessEndedError
from edge.emulator.dense_json import is_dense
from edge.emulator.fair_turns import FairTurns, TooManyWaitingError
from edge.emulator.realtime.codec import Frame, Version, decode_text, dumps, loads

_SECONDS: Final = 10.0
_MEMORY: Final = 1024 * 1024 * 1024
_WAITING_EACH: Final = 8


class InvalidJsonError(Exception):
    """Text that is no JSON, or that was given up."""


@dataclass(slots=True)
class Parser:
    """Parses what clients send; `caller` takes turns with others at what takes long."""

    _process: BoundedProcess = field(
        default_factory=lambda: BoundedProcess(_SECONDS, _MEMORY), init=False
    )
    _turns: FairTurns = field(default_factory=lambda: FairTurns(1, 1, _WAITING_EACH), init=False)

    def close(self) -> None:
        self._process.close()

    async def frame(self, text: str, version: Version, caller: str) -> Frame | None:
        """Return a client's message; of a dense one the payload is `raw`. None if malformed."""
        if not is_dense(text):
            return decode_text(text, version)
        try:
            return cast("Frame | None", await self._apart(caller, split, text, version))
        except InvalidJsonError:
            return None

    async def check(self, data: bytes, caller: str) -> None:
        """Raise InvalidJsonError for what is no JSON."""
        if is_dense(data):
            await self._apart(caller, check, data)
        else:
            check(data)

    async def messages(self, data: bytes, caller: str) -> Any:
        """Return a batch's body, in which each message's payload is text. See `batch`."""
        if is_dense(data):
            return await self._apart(caller, batch, data)
        return batch(data)

    async def _apart(self, caller: str, function: Any, *args: Any) -> Any:
        try:
            async with self._turns.turn(caller):
                return await self._process.call(function, *args)
        except (ProcessEndedError, TooManyWaitingError) as exc:
            raise InvalidJsonError from exc


def split(text: str, version: Version) -> Frame | None:
    """Return a message whose payload is text again."""
    frame = decode_text(text, version)
    if frame is None:
        return None
    return Frame(
        frame.topic, frame.event, None, frame.ref, frame.join_ref, raw=dumps(frame.payload)
    )


def check(data: bytes) -> None:
    """Raise InvalidJsonError for what is no JSON."""
    _parse(data)


def batch(data: bytes) -> Any:
    """Return a body whose messages have texts as payloads. Raises InvalidJsonError."""
    value = _parse(data)
    messages = cast("dict[str, Any]", value).get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list):
        return None
    listed = cast("list[Any]", messages)
    for message in [cast("dict[str, Any]", each) for each in listed if isinstance(each, dict)]:
        if message.get("payload") not in (None, ""):
            message["payload"] = dumps(message["payload"])
    return listed


def _parse(data: bytes) -> Any:
    try:
        return loads(data.decode() or "{}")
    except (ValueError, RecursionError) as exc:
        raise InvalidJsonError from exc
