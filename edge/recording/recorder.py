"""Takes requests and events from the event loop, and has a thread store them in batches."""

import asyncio
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Scope

from edge.events import Event, LogLine, RequestServed, SourceChanged
from edge.logs.line import size_of
from edge.logs.queue import BatchQueue, TimestampedEvent
from edge.project.recording import RecordingSettings
from edge.recording.budget import Allowance, Budget
from edge.recording.capture import Capture, RecordedApp
from edge.recording.counts import CallCounts
from edge.recording.items import Counts, Item, Refused, ServiceLine

if TYPE_CHECKING:
    from edge.recording.writer import Writer

MARK_HEADER: Final = b"x-edge-console-mark"
PARENT_HEADER: Final = b"sb-parent-request-id"

_MOST_OPEN: Final = 500
_MOST_BYTES: Final = 32 << 20
_MOST_LINE_BYTES: Final = 8 << 20
_BURST: Final = 500
_LINES_PER_SECOND: Final = 500
_BATCH_SECONDS: Final = 0.2
_FULL_BATCH_SECONDS: Final = 0.6
"""While there are too many requests: a batch of 12 takes half of the CPU of three of 4."""
_COUNT_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 15.0  # only with a database that answers, but slowly


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known ahead about a request that the console sends."""

    request_id: str
    replay_of: str | None


@dataclass(slots=True)
class Recorder:
    """An observer of events, and what decides about requests; never blocks and never raises.

    Before `connect` what comes is held, as far as there is room.
    """

    settings: RecordingSettings
    dropped: int = field(default=0, init=False)
    """Requests and lines that were not stored, since it started."""
    is_ending: bool = field(default=False, init=False)
    _subscribers: set[asyncio.Event] = field(default_factory=set[asyncio.Event], init=False)
    _open: dict[str, Capture] = field(default_factory=dict[str, Capture], init=False)
    _marks: dict[bytes, Mark] = field(default_factory=dict[bytes, Mark], init=False)
    cpu_seconds: float = field(default=0.0, init=False)
    """CPU time of the writer's thread, since it started."""
    _counts_due: float = field(default=0.0, init=False)
    _counts: CallCounts = field(default_factory=CallCounts, init=False)
    _budget: Budget = field(init=False)
    _failures: Budget = field(init=False)
    _lines: Budget = field(init=False)
    _queue: BatchQueue[Item] = field(init=False)
    _create_writer: "Callable[[threading.Event], Writer] | None" = field(default=None, init=False)
    _writer: "Writer | None" = field(default=None, init=False)
    _connected: threading.Event = field(default_factory=threading.Event, init=False)
    _allowance: Allowance = field(default_factory=Allowance, init=False)
    _dropped_before: int = field(default=0, init=False)
    closing: threading.Event = field(default_factory=threading.Event, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        rate = self.settings.per_second
        burst = _BURST if rate else 0
        self._budget, self._failures = Budget(rate, burst), Budget(rate, burst)
        self._lines = Budget(_LINES_PER_SECOND, 10 * _LINES_PER_SECOND)
        self._queue = BatchQueue(
            "recording",
            self._write,
            self._report,
            max_size=_MOST_BYTES,
            batch_size=500,
            batch_seconds=_BATCH_SECONDS,
            close_seconds=_CLOSE_SECONDS,
            next_report=self._seconds_to_counts,
        )

    @property
    def repeats(self) -> int:
        """How many requests of services were like one just before, and are not kept."""
        return self._writer.assembler.repeats if self._writer else 0

    def start(self) -> None:
        """Begin to take; on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._queue.start()

    def connect(self, create_writer: "Callable[[threading.Event], Writer]") -> None:
        """Store by this writer, made on a thread, with the event that is set at the end."""
        self._create_writer = create_writer
        self._connected.set()

    async def close(self) -> None:
        """Store what is left, for a few seconds at most."""
        self.closing.set()
        self._connected.set()
        await asyncio.to_thread(self._queue.close)
        if self._writer:
            await asyncio.to_thread(self._writer.close)

    def wrap(self, app: ASGIApp, kind: str, prefix: str) -> ASGIApp:
        """Return the app as one whose requests are recorded; `prefix` is what it is mounted at."""
        return RecordedApp(app, kind, prefix, self)

    def wrap_socket(
        self, open_protocol: Callable[[], asyncio.Protocol | None], kind: str
    ) -> Callable[[], asyncio.Protocol | None]:
        """Return a factory of protocols whose WebSockets are recorded."""
        from edge.recording.sockets import record_upgrades

        return record_upgrades(self, kind, open_protocol)

    def mark(self, replay_of: str | None = None) -> tuple[str, Mark]:
        """Return a value for the header `x-edge-console-mark`, good for one request, and its id."""
        value, mark = secrets.token_urlsafe(16), Mark(str(uuid.uuid4()), replay_of)
        if len(self._marks) >= _MOST_OPEN:
            self._marks.pop(next(iter(self._marks)))
        self._marks[value.encode()] = mark
        return value, mark

    def subscribe(self) -> asyncio.Event:
        """Return an event that is set after rows were written, until `unsubscribe`."""
        event = asyncio.Event()
        self._subscribers.add(event)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Forget the event."""
        self._subscribers.discard(event)

    def end_streams(self) -> None:
        """Have those that wait for rows end: the stack stops."""
        self.is_ending = True
        self._wake_subscribers()

    def begin(self, kind: str, prefix: str, scope: Scope) -> Capture | None:
        """Return what takes the request's copy; None if there are too many to record it."""
        mark = self._take_mark(scope) if self._marks else None
        if mark is None and (not self._budget.take() or len(self._open) >= _MOST_OPEN):
            self.dropped += 1
            return None
        path = prefix + scope["raw_path"].decode("latin-1")
        request_id = mark.request_id if mark else str(uuid.uuid4())
        capture = Capture(request_id, kind, scope, path, self.settings.body_kb << 10)
        if mark:
            capture.replay_of, capture.is_marked = mark.replay_of, True
            kept = [header for header in scope["headers"] if header[0] != MARK_HEADER]
            capture.scope = {**scope, "headers": kept}
        for name, value in scope["headers"]:
            if name == PARENT_HEADER:
                with suppress(ValueError):
                    capture.parent_id = str(uuid.UUID(value.decode("latin-1")))
        parent = self._open.get(capture.parent_id) if capture.parent_id else None
        origin = parent.trace_id if parent else capture.parent_id or request_id
        capture.trace_id = origin.replace("-", "")
        self._open[request_id] = capture
        return capture

    def begin_socket(self, kind: str, scope: Scope) -> Capture | None:
        """Return what takes a WebSocket's copy, which may stay open for long."""
        capture = self.begin(kind, "", scope)
        if capture:
            self._open.pop(capture.request_id, None)
        return capture

    def finish(self, capture: Capture) -> None:
        """Take a request that is over."""
        self._open.pop(capture.request_id, None)
        if not self._queue.put(capture, source="requests", size=capture.size):
            self.dropped += 1

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, RequestServed):
            self._take_served(event)
        elif not isinstance(event, SourceChanged) or event.files:
            self._take_line(event)

    def _take_served(self, event: RequestServed) -> None:
        if event.status >= 500:
            self._counts_due = 0.0  # failures are shown at once
        if event.code != "NOT_FOUND" and (self._counts.add(event) or event.status >= 500):
            self._queue.wake()
        if capture := self._open.get(event.request_id):
            capture.served = event
        elif event.status >= 400 and self._failures.take():
            self._queue.put(Refused(event, time.time()), size=500)

    def take_service_line(self, line: ServiceLine) -> None:
        """Take a line of a service; from any thread."""
        self._put_line(line, 300 + len(line.text))

    def _take_line(self, event: Event) -> None:
        size = 300 + (size_of(event) if isinstance(event, LogLine) else 0)
        self._put_line(TimestampedEvent(time.time(), event), size)

    def _put_line(self, item: Item, size: int) -> None:
        is_kept = self._lines.take() and self._queue.put(item, size=size, max_size=_MOST_LINE_BYTES)
        if not is_kept:
            self.dropped += 1

    def _take_mark(self, scope: Scope) -> Mark | None:
        value = next((v for name, v in scope["headers"] if name == MARK_HEADER), None)
        return self._marks.pop(value, None) if value else None

    def _report(self, _dropped: Mapping[str, int], is_last: bool) -> Sequence[Item]:
        """Return counts, every other second: rows that each batch would write again."""
        now = time.monotonic()
        if now < self._counts_due and not is_last:
            return []
        rows = self._counts.take()
        if not rows:
            return []
        self._counts_due = now + _COUNT_SECONDS
        return [Counts(rows)]

    def _seconds_to_counts(self) -> float | None:
        return None if self._counts.is_empty else max(self._counts_due - time.monotonic(), 0.0)

    def _write(self, items: Sequence[Item]) -> None:
        """Write a batch, on the queue's thread; until there is a writer, wait for it."""
        self._connected.wait()
        if self._writer is None and self._create_writer:
            self._writer = self._create_writer(self.closing)
        if self._writer is None:
            self.dropped += len(items)
            return
        began = time.thread_time()
        self.dropped += self._writer.write(items)
        seconds = time.thread_time() - began
        self.cpu_seconds += seconds
        self._adapt(seconds, sum(isinstance(i, Capture) for i in items))
        self._notify()

    def _adapt(self, seconds: float, requests: int) -> None:
        """Record as many a second as it may, and in larger batches while there are more."""
        if requests:
            refused, self._dropped_before = self.dropped - self._dropped_before, self.dropped
            affordable = self._allowance.update(seconds, requests, refused)
            self._budget.rate = min(float(self.settings.per_second), affordable)
            self._queue.batch_seconds = _FULL_BATCH_SECONDS if refused else _BATCH_SECONDS

    def _notify(self) -> None:
        if self._loop and self._subscribers:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake_subscribers)

    def _wake_subscribers(self) -> None:
        for event in self._subscribers:
            event.set()
