"""Request bodies of emulated providers: bounded in bytes and values, long ones parsed apart.

While Python parses JSON nothing else of its process runs. The bounds leave room for the largest
context window and the largest embeddings request of the real APIs.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from edge.bodies import BodyTooLongError, read_at_most
from edge.emulator.bounded_process import BoundedProcess, ProcessEndedError
from edge.emulator.dense_json import is_dense
from edge.emulator.fair_turns import FairTurns
from edge.emulator.providers.parsing import pack_object, parse_object, unpack_object

R = TypeVar("R")

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_CONTROL_BYTES: Final = 64 * 1024
"""Of a body that controls an emulator: its parser lists each problem."""
_LONGEST_FIELD: Final = 2 * 1024 * 1024
_PARSED_HERE: Final = 128 * 1024
_SECONDS: Final = 10.0
_MEMORY: Final = 1024 * 1024 * 1024
_WAITING_EACH: Final = 32
_RECEIVE_SECONDS: Final = 120.0
"""What a form may take to arrive: meanwhile it holds bytes that all forms share."""


class BusyError(Exception):
    """Other uploads hold all the bytes that may be held."""


@dataclass(slots=True)
class Budget:
    """Bytes that may be held at a time, by all who share it."""

    most: int
    held: int = field(default=0, init=False)

    def take(self, count: int) -> None:
        """Raise BusyError if that many more would be too many."""
        if self.held + count > self.most:
            raise BusyError
        self.held += count

    def give_back(self, count: int) -> None:
        self.held -= count


UPLOADS: Final = Budget(128 * 1024 * 1024)
"""What forms that are being received and handled may hold together."""


class TooLargeError(HTTPException):
    """The body has more bytes than are read."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The body has more than {limit} bytes.")


async def read_bytes(request: Request, limit: int = MAX_BYTES) -> bytes:
    """Read the body; raises TooLargeError before more than `limit` bytes are held."""
    if _announced(request) > limit:
        raise TooLargeError(limit)
    try:
        return await read_at_most(request, limit)
    except BodyTooLongError as exc:
        raise TooLargeError(limit) from exc


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@asynccontextmanager
async def receive_form(
    request: Request, limit: int, budget: Budget = UPLOADS, seconds: float = _RECEIVE_SECONDS
) -> AsyncGenerator[Mapping[str, list[Any]]]:
    """Yield the values of a form by field: texts, and one FormFile.

    Raises ValueError, TooLargeError, BusyError.
    """
    total = 0

    async def bounded() -> AsyncGenerator[bytes]:
        nonlocal total
        async for chunk in request.stream():
            if total + len(chunk) > limit:
                raise TooLargeError(limit)
            budget.take(len(chunk))
            total += len(chunk)
            yield chunk

    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ValueError("the body must be multipart/form-data")
    if _announced(request) > limit:
        raise TooLargeError(limit)
    try:
        try:
            async with asyncio.timeout(seconds):
                form = await _read_form(request, bounded())
        except TimeoutError as exc:
            raise ValueError(f"the body did not arrive within {seconds:g} seconds") from exc
        yield form
    finally:
        budget.give_back(total)


async def _read_form(request: Request, body: AsyncGenerator[bytes]) -> Mapping[str, list[Any]]:
    parser = MultiPartParser(
        request.headers, body, max_files=1, max_fields=100, max_part_size=_LONGEST_FIELD
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as exc:
        raise ValueError(str(exc)) from exc
    try:
        return {
            name: [await _hold(each) if isinstance(each, UploadFile) else each for each in given]
            for name, given in ((name, form.getlist(name)) for name in form)
        }
    finally:
        await form.close()


async def _hold(file: UploadFile) -> FormFile:
    return FormFile(file.filename or "", file.content_type or "", await file.read())


@dataclass(slots=True)
class BodyParser:
    """Parses bodies; `caller` takes turns with others at the process for those that take long."""

    _process: BoundedProcess = field(
        default_factory=lambda: BoundedProcess(_SECONDS, _MEMORY), init=False
    )
    _turns: FairTurns = field(default_factory=lambda: FairTurns(1, 1, _WAITING_EACH), init=False)

    def close(self) -> None:
        self._process.close()

    async def read_apart(self, function: Callable[[bytes], R], raw: bytes, caller: str) -> R:
        """Return what a function of a module makes of the bytes, in the process.

        Raises its exceptions, ValueError if it takes too long, TooManyWaitingError.
        """
        try:
            async with self._turns.turn(caller):
                return await self._process.call(function, raw)
        except ProcessEndedError as exc:
            raise ValueError("the body takes too long to read, or too much memory") from exc

    async def parse(self, raw: bytes, caller: str) -> Mapping[str, Any]:
        """Return the JSON object; raises ValueError with the problem, TooManyWaitingError."""
        if len(raw) <= _PARSED_HERE and not is_dense(raw):
            return parse_object(raw)
        try:
            async with self._turns.turn(caller):
                packed, problem = await self._process.call(pack_object, raw)
        except ProcessEndedError as exc:
            raise ValueError("the body takes too long to parse, or too much memory") from exc
        if problem:
            raise ValueError(problem)
        return await asyncio.to_thread(unpack_object, packed)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0
