"""A request's body before a worker has it: awaited without a place, and sent again if need be."""

from typing import Final

from starlette.types import Message, Receive

from edge.runtime.pool.permits import Permits
from edge.runtime.proxy.upload import ClientGoneError, Outgoing

_AHEAD: Final = 128 * 1024


class RequestBody:
    """Reads from `source`; takes one of `unfinished` while a worker waits for the rest of the body.

    `prepare` comes first, `end` last.
    """

    def __init__(self, source: Receive, unfinished: Permits) -> None:
        self._source = source
        self._unfinished = unfinished
        self._next: Message | None = None
        self._whole: Message | None = None
        self._is_holding = False

    async def prepare(self, request: Outgoing) -> None:
        """Return when the request may be given to a worker: its body is there, or a permit is.

        A body in chunks may be one end of a dialogue, so nothing of it is awaited if there is a
        permit. At most 128 KB are read ahead. Raises ClientGoneError.
        """
        self._is_holding = request.is_chunked and await self._unfinished.take()
        if not self._is_holding:
            await self._read_ahead()

    async def receive(self) -> Message:
        """Return the next message for the worker."""
        if self._next is not None:
            message, self._next = self._next, None
            return message
        message = await self._source()
        if not message.get("more_body", False):
            self.end()
        return message

    def rewind(self) -> bool:
        """Begin again with another worker; False if the body was not there when it began."""
        self._next = self._whole
        return self._whole is not None

    def end(self) -> None:
        """The body is complete, or nothing more of it is read."""
        if self._is_holding:
            self._is_holding = False
            self._unfinished.give_back()

    async def _read_ahead(self) -> None:
        parts: list[bytes] = []
        more = True
        while more and not self._is_holding and sum(map(len, parts)) < _AHEAD:
            message = await self._source()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
            self._is_holding = more and await self._unfinished.take()
        if more and not self._is_holding:
            self._is_holding = await self._unfinished.wait()
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self._next = {"type": "http.request", "body": body, "more_body": more}
        self._whole = None if more else self._next
