"""Puts together what is known of each request: what was captured, its log lines, its record."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from edge.events import Level, LogLine, UncaughtException
from edge.logs.description import describe
from edge.logs.entry import Entry, Kind
from edge.logs.queue import TimestampedEvent
from edge.logs.record import RequestRecord
from edge.recording.capture import Capture
from edge.recording.items import Counts, Item, Refused, ServiceLine
from edge.recording.rows import (
    REQUEST_COLUMNS,
    Row,
    RowMaker,
    clean_text,
    describe_error,
    fingerprint,
    refused_row,
    render_json,
)
from edge.recording.spans import rows_of, span_rows, spans_of
from edge.recording.store import Batch

if TYPE_CHECKING:
    from edge.recording.export import SpanExport

_T = TypeVar("_T")
_MOST_WAITING: Final = 2000
_REPEAT_SECONDS: Final = 10.0
_SERVICES: Final = frozenset(("rest", "auth", "storage", "realtime"))
SERVICE_LOG: Final = "ServiceLog"
"""The type of lines that are no function's."""
_OF_PLATFORM: Final = frozenset((Kind.ZYGOTE_READY, Kind.ZYGOTE_LOST, Kind.LINES_DROPPED))


@dataclass(slots=True)
class Assembler:
    """Makes batches; a function's record may come before its request is over, or after."""

    rows: RowMaker
    export: "SpanExport | None" = None
    repeats: int = field(default=0, init=False)
    """Requests of services that were like one just before, and are not kept."""
    _records: OrderedDict[str, RequestRecord] = field(
        default_factory=OrderedDict[str, RequestRecord], init=False
    )
    _thrown: OrderedDict[str, str] = field(default_factory=OrderedDict[str, str], init=False)
    _written: OrderedDict[str, Capture] = field(
        default_factory=OrderedDict[str, Capture], init=False
    )
    _polled: OrderedDict[tuple[Any, ...], float] = field(
        default_factory=OrderedDict[tuple[Any, ...], float], init=False
    )

    def assemble(self, items: Sequence[Item]) -> Batch:
        """Return the rows of these items; log lines first, for they explain the requests."""
        batch = Batch()
        for item in items:
            if isinstance(item, TimestampedEvent):
                self._add_event(batch, item)
            elif isinstance(item, ServiceLine):
                batch.rows["logs"].append(self._describe_line(item))
        for item in items:
            if isinstance(item, Capture):
                self._add_request(batch, item)
            elif isinstance(item, Refused):
                batch.rows["requests"].append(refused_row(item.event, item.time))
            elif isinstance(item, Counts):
                batch.counts += item.rows
        return batch

    def _add_request(self, batch: Batch, capture: Capture) -> None:
        if self._is_repeated(capture):
            self.repeats += 1
            return
        record = self._records.pop(capture.request_id, None)
        thrown = self._thrown.pop(capture.request_id, None)
        row = self.rows.request(capture, record, thrown)
        batch.rows["requests"].append(row)
        if capture.kind in _SERVICES and capture.status >= 400:
            batch.rows["logs"].append(self._describe_failure(capture, row))
        batch.rows["bodies"] += self.rows.bodies(capture)
        spans = spans_of(capture, record, self.rows.redaction)
        batch.rows["spans"] += span_rows(capture, spans)
        if self.export:
            self.export.send(capture, spans)
        if not record and capture.served:
            _keep(self._written, capture.request_id, capture)

    def _describe_line(self, line: ServiceLine) -> Row:
        request_id = line.request_id if _is_uuid(line.request_id) else None
        text = clean_text(self.rows.redaction.redact_text(line.text))
        return _log_row(line.time, request_id, line.source, line.level, text)

    def _describe_failure(self, capture: Capture, row: Row) -> Row:
        """Return the line of a service that refused a request, or failed."""
        found = dict(zip(REQUEST_COLUMNS, row, strict=True))
        reason = " ".join(filter(None, (found["code"], found["error"])))
        text = f"{found['method']} {found['path']} {capture.status} {reason}".rstrip()
        level = Level.ERROR if capture.status >= 500 else Level.WARNING
        at = capture.started_at + capture.duration_ms / 1000
        return _log_row(at, capture.request_id, capture.kind, level, text)

    def _is_repeated(self, capture: Capture) -> bool:
        """Whether a client polls: the same request of a service again, that went well again."""
        is_one_of_a_kind = capture.kind == "function" or capture.messages or capture.parent_id
        if is_one_of_a_kind or capture.status >= 400:
            return False
        scope = capture.scope
        bodies = b"".join(capture.request_body), b"".join(capture.response_body)
        key = (scope["method"], capture.path, scope["query_string"], *map(hash, bodies))
        before = self._polled.get(key, 0.0)
        if capture.started_at - before < _REPEAT_SECONDS and not capture.is_marked:
            return True
        _keep(self._polled, key, capture.started_at)
        return False

    def _add_event(self, batch: Batch, item: TimestampedEvent) -> None:
        entry, event = describe(item), item.event
        fields = dict(entry.fields)
        request_id = entry.request_id
        if isinstance(event, LogLine) and event.record:
            self._add_record(batch, event.record)
            fields = {n: v for n, v in fields.items() if n not in {"request_id", "timestamp"}}
        if isinstance(event, UncaughtException) and request_id:
            self._add_thrown(batch, request_id, event.exception)
        redaction = self.rows.redaction
        rendered = redaction.redact_text(render_json(fields)) if fields else None
        batch.rows["logs"].append(
            (
                datetime.fromtimestamp(item.time, UTC),
                request_id if _is_uuid(request_id) else None,
                entry.execution_id or None,
                _source_of(item.event, entry),
                clean_text(entry.function) or None,
                entry.level.value,
                entry.kind.value,
                clean_text(redaction.redact_text(entry.message)),
                rendered,
            )
        )

    def _add_record(self, batch: Batch, record: RequestRecord) -> None:
        capture = self._written.pop(record.request_id, None)
        if capture is None:
            _keep(self._records, record.request_id, record)
            return
        spans = spans_of(capture, record, self.rows.redaction)
        late = [s for s in spans if s.kind == "stage"]
        status = capture.served.status if capture.served else capture.status
        batch.rows["spans"] += rows_of(
            capture.request_id, capture.started_at, late, failed=status >= 400
        )
        self._explain(batch, capture, record, None)

    def _add_thrown(self, batch: Batch, request_id: str, exception: str) -> None:
        if capture := self._written.get(request_id):
            self._explain(batch, capture, None, exception)
        else:
            _keep(self._thrown, request_id, exception)

    def _explain(
        self, batch: Batch, capture: Capture, record: RequestRecord | None, thrown: str | None
    ) -> None:
        """Note an error that became known after its request was written."""
        status = capture.served.status if capture.served else capture.status
        code, error = describe_error(capture, status, record, thrown)
        if status >= 400 and error:
            error = clean_text(self.rows.redaction.redact_text(error))
            function = capture.served.slug if capture.served else capture.kind
            print_ = fingerprint(function, status, code, error)
            started_at = datetime.fromtimestamp(capture.started_at, UTC)
            batch.late.append((code, error, print_, capture.request_id, started_at))


def _log_row(at: float, request_id: str | None, source: str, level: Level, text: str) -> Row:
    moment = datetime.fromtimestamp(at, UTC)
    return (moment, request_id, None, source, None, level.value, SERVICE_LOG, text, None)


def _source_of(event: object, entry: Entry) -> str:
    """Return who wrote an entry; the project's processes have no execution id."""
    if entry.kind in _OF_PLATFORM:
        return "gateway"
    is_process = isinstance(event, LogLine) and not event.execution_id
    return "process" if is_process else "function"


def _keep(kept: OrderedDict[Any, _T], key: Any, value: _T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST_WAITING:
        kept.popitem(last=False)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
