"""HTTP/1.1 as it comes in from outside: bounded in size, time and number, doubtful heads refused.

uvicorn's protocol, which leaves these open: a head of any size may come at any pace, a body may
never come, and a request that offers an upgrade loses its body (llhttp expects the upgrade to
follow; the JDK's client offers h2c with every request to http://, and a server may ignore that: RFC
9110, section 7.8).
"""

import asyncio
import re
from typing import Any, ClassVar, Final, cast

import httptools

from edge.gateway.body_watch import BodyWatch
from edge.gateway.client_limits import ClientLimits
from edge.gateway.coalescing import CoalescingHttpProtocol
from edge.uvicorn_parts import FlowControl

KEEP_ALIVE_SECONDS: Final = 75
"""For an idle connection: much longer than the 5 seconds after which httpx gives one up, or else a
request could be written to a connection that is being closed."""
_HEAD_BYTES: Final = 64 * 1024
_FRAMING: Final = (b"content-length", b"transfer-encoding")
_MALFORMED: Final = b"400 Bad Request"
_TOO_SLOW: Final = b"408 Request Timeout"
_TARGET_TOO_LONG: Final = b"414 URI Too Long"
_TOO_MANY: Final = b"429 Too Many Requests"
_HEADERS_TOO_LARGE: Final = b"431 Request Header Fields Too Large"
_VERSION: Final = b"505 HTTP Version Not Supported"
_VERSIONS: Final = ("1.1", "1.0")
_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")


class _WatchedFlow(FlowControl):
    """Says when reading goes on."""

    def __init__(self, transport: asyncio.Transport, body: BodyWatch) -> None:
        super().__init__(transport)
        self._body = body

    def resume_reading(self) -> None:
        if self.read_paused:
            self._body.restart()
        super().resume_reading()


class _RefusedError(Exception):
    """Stops the parser in the middle of a head."""


class HardenedHttpProtocol(CoalescingHttpProtocol):
    """One connection of a client's."""

    head_seconds: ClassVar[float] = 30.0
    """How long a head may take, from the connection's or its own first byte on."""
    body_seconds: ClassVar[float] = 25.0
    """How long a body may pause."""
    clients: ClassVar[ClientLimits]
    """Set by the server."""

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
        self._address = ""
        self._is_counted = False
        self._refusal: bytes | None = None
        self._body = BodyWatch(self.body_seconds, self._is_waiting_for_body, self._refuse_slow_body)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _WatchedFlow(self.transport, self._body)
        self._address = self.client[0] if self.client else ""
        self._is_counted = True
        if self.clients.open_connection(self._address):
            self._expect_head()
        else:
            self._refuse(_TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._leave()
        self._is_in_head = True  # no body follows, so that none is waited for
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        if self._refusal:
            return
        self._unset_keepalive_if_required()
        heads, was_in_head = self._heads, self._is_in_head
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._fault)
            return
        if not self._is_in_head:
            self._watch_body()
            return
        is_head_only = was_in_head and heads == self._heads
        if is_head_only or self._has_begun:
            self._wait_for_rest(len(data) if is_head_only else 0)
            self._check_line(data)

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
            self._check_head(self.parser.get_http_version())
            super().on_headers_complete()
            self._end_head()

    def on_body(self, body: bytes) -> None:
        self._body.add(len(body))
        self._spare_copies()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and not self._should_upgrade():
            return  # its body is still to come
        self._is_in_head = True
        self._end_body()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        super().on_response_complete()
        if self._refusal and is_last:
            self._answer_refusal(self._refusal)

    def _spare_copies(self) -> None:
        """Have uvicorn keep a body's first bytes since the last read as they are: it adds them.

        Further bytes are added to a bytearray, as uvicorn does it.
        """
        held: bytes | bytearray = self.cycle.body
        if not held:
            self.cycle.body = cast("bytearray", b"")
        elif isinstance(held, bytes):
            self.cycle.body = bytearray(held)

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
        is_no_host = name == b"host" and not _HOST.fullmatch(value)
        is_encoded = name == b"transfer-encoding" and value.lower() != b"chunked"
        if is_second_host or is_no_host or is_encoded:
            raise _RefusedError

    def _check_head(self, version: str) -> None:
        names = [name for name, _ in self.headers]
        if version not in _VERSIONS:
            self._fault = _VERSION
            raise _RefusedError
        if b"host" not in names if version == "1.1" else b"transfer-encoding" in names:
            raise _RefusedError  # RFC 9112, sections 3.2 and 6.1

    def _check_line(self, data: bytes) -> None:
        """Refuse HTTP/0.9, whose head ends with its first line; the parser waits for another."""
        is_line = self._has_begun and data.endswith(b"\n")
        if is_line and self.parser.get_http_version() == "0.0":
            self._refuse(_VERSION)

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

    def _watch_body(self) -> None:
        """The request is here, but not its whole body."""
        if not self._body.is_active:
            self._body.start()
            if not self.clients.begin_body(self._address):
                self._refuse(_TOO_MANY)

    def _end_body(self) -> None:
        if self._body.is_active:
            self._body.stop()
            self.clients.end_body(self._address)

    def _is_waiting_for_body(self) -> bool:
        """Whether the client is to send: the server reads, and has not begun to answer."""
        cycle = self.cycle
        is_answering = cycle.response_started and not cycle.response_complete
        return not (self.flow.read_paused or cycle.waiting_for_100_continue or is_answering)

    def _refuse_slow_body(self) -> None:
        self.clients.end_body(self._address)
        self._refuse(_TOO_SLOW)

    def _leave(self) -> None:
        """The connection ends, or is no longer one of HTTP."""
        self._end_head()
        self._end_body()
        if self._is_counted:
            self._is_counted = False
            self.clients.close_connection(self._address)

    def _refuse(self, status: bytes) -> None:
        """Close with this answer, after the answers to requests that came before."""
        was_in_head = self._is_in_head
        self._end_head()
        self._end_body()
        if self._refusal:
            return
        self._refusal = status
        self.flow.pause_reading()
        is_unanswered = bool(self.cycle) and not self.cycle.response_complete
        if was_in_head and is_unanswered:
            return  # `on_response_complete` goes on
        if was_in_head:
            self._answer_refusal(status)
        elif self.pipeline:
            self.pipeline.popleft()  # the refused request itself, which waits for its turn
        elif is_unanswered and not self.cycle.response_started:
            self._answer_refusal(status)
        else:
            self.transport.close()

    def _answer_refusal(self, status: bytes) -> None:
        reason = status.partition(b" ")[2]
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (status, len(reason), reason)
        )
        self.transport.close()
