"""HTTP/1.1 as it comes in from outside: heads bounded in size and time, doubtful ones refused.

uvicorn's protocol, which leaves these open: a head of any size may come at any pace, and a request
that offers an upgrade loses its body (llhttp expects the upgrade to follow; the JDK's client offers
h2c with every request to http://, and a server may ignore that: RFC 9110, section 7.8).
"""

import asyncio
from typing import Any, ClassVar, Final

import httptools

from edge.gateway.coalescing import CoalescingHttpProtocol

KEEP_ALIVE_SECONDS: Final = 75
"""For an idle connection: much longer than the 5 seconds after which httpx gives one up, or else a
request could be written to a connection that is being closed."""
_HEAD_BYTES: Final = 64 * 1024
_FRAMING: Final = (b"content-length", b"transfer-encoding")
_MALFORMED: Final = b"400 Bad Request"
_TOO_SLOW: Final = b"408 Request Timeout"
_TARGET_TOO_LONG: Final = b"414 URI Too Long"
_HEADERS_TOO_LARGE: Final = b"431 Request Header Fields Too Large"


class _RefusedError(Exception):
    """Stops the parser in the middle of a head."""


class HardenedHttpProtocol(CoalescingHttpProtocol):
    """One connection of a client's."""

    head_seconds: ClassVar[float] = 30.0
    """How long a head may take, from the connection's or its own first byte on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads = 0
        self._is_in_head = True
        self._has_begun = False
        self._is_resuming = False
        self._arrived = 0
        self._parsed = 0
        self._fault = _MALFORMED
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        heads, was_in_head = self._heads, self._is_in_head
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._fault)
            return
        is_head_only = was_in_head and heads == self._heads
        if self._is_in_head and (is_head_only or self._has_begun):
            self._wait_for_rest(len(data) if is_head_only else 0)

    def on_url(self, url: bytes) -> None:
        if not self._is_resuming:
            self._count(len(url), _TARGET_TOO_LONG)
            super().on_url(url)

    def on_message_begin(self) -> None:
        if not self._is_resuming:
            self._has_begun = True
            self._parsed = 0
            super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_resuming:
            return
        self._count(len(name) + len(value) + len(b": \r\n"), _HEADERS_TOO_LARGE)
        self._check_header(name.lower(), value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_resuming:
            self._end_head()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and not self._should_upgrade():
            return  # its body is still to come
        self._is_in_head = True
        super().on_message_complete()

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as exc:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return
                data = data[exc.args[0] :]
                self._ignore_upgrade()
            else:
                return

    def _ignore_upgrade(self) -> None:
        """Go on with a parser that has read the same head, but for the upgrade."""
        framing = [b"%b: %b\r\n" % header for header in self.headers if header[0] in _FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._is_resuming = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
        self._is_resuming = False

    def _count(self, size: int, fault: bytes) -> None:
        self._parsed += size
        if self._parsed > _HEAD_BYTES:
            self._fault = fault
            raise _RefusedError

    def _check_header(self, name: bytes, value: bytes) -> None:
        """Refuse what another reader of this head might understand differently."""
        is_second_host = name == b"host" and any(seen == name for seen, _ in self.headers)
        is_encoded = name == b"transfer-encoding" and value.lower() != b"chunked"
        if is_second_host or is_encoded:
            raise _RefusedError

    def _wait_for_rest(self, size: int) -> None:
        """Of a head of which `size` more bytes have come."""
        self._arrived += size
        if self._arrived > _HEAD_BYTES:
            self._refuse(_HEADERS_TOO_LARGE if self._parsed else _TARGET_TOO_LONG)
        elif self._deadline is None:
            self._expect_head()

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._refuse, _TOO_SLOW)

    def _end_head(self) -> None:
        self._heads += 1
        self._is_in_head = self._has_begun = False
        self._arrived = 0
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _may_answer(self) -> bool:
        if self.cycle and not self.cycle.response_complete:
            is_of_this = not self._is_in_head and not self.pipeline
            return is_of_this and not self.cycle.response_started
        return True

    def _refuse(self, status: bytes) -> None:
        """Answer, unless that would be taken for another request's answer, and close."""
        may_answer = self._may_answer()
        self._end_head()
        if may_answer:
            reason = status.partition(b" ")[2]
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%b" % (status, len(reason), reason)
            )
        self.transport.close()
