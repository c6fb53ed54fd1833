"""Where a request's time went, as spans with OpenTelemetry's names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from edge.logs.record import RequestRecord
from edge.recording.capture import Capture
from edge.recording.redaction import Redaction
from edge.recording.rows import Row, clean_text, render_json

SPAN_COLUMNS: Final = (
    "request_id",
    "started_at",
    "failed",
    "id",
    "parent",
    "kind",
    "name",
    "start_us",
    "end_us",
    "attributes",
)
_SHORTEST_WAIT: Final = 0.0005
_MOST_NOTES: Final = 40
_KNOWN: Final = frozenset(
    ("request_id", "function", "timestamp", "duration_ms", "status", "outcome", "stages", "error")
)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a request; times are microseconds since it began."""

    id: str
    parent: str | None
    kind: str
    name: str
    start_us: int
    end_us: int
    attributes: Mapping[str, Any]


def spans_of(capture: Capture, record: RequestRecord | None, redaction: Redaction) -> list[Span]:
    """Return the spans that the gateway and the function's own record know of."""
    end = _us(capture.ended - capture.began)
    spans = [Span("gateway", None, "server", _name(capture), 0, end, _attributes(capture))]
    if capture.verified:
        verified = _us(capture.verified - capture.began)
        spans.append(Span("verify_jwt", "gateway", "internal", "verify_jwt", 0, verified, {}))
    if capture.verified and capture.admitted:
        spans += _worker(capture, end)
    elif capture.answered:
        start = _us(capture.answered - capture.began)
        spans.append(Span("response", "gateway", "internal", "response body", start, end, {}))
    if record:
        handler = spans[-1] if capture.admitted else spans[0]
        spans[spans.index(handler)] = replace(
            handler, attributes={**handler.attributes, **_notes(record, redaction)}
        )
        spans += _stages(record, handler)
    return spans


def span_rows(capture: Capture, spans: list[Span]) -> list[Row]:
    """Return the rows of spans."""
    status = capture.served.status if capture.served else capture.status
    return rows_of(capture.request_id, capture.started_at, spans, failed=status >= 400)


def rows_of(request_id: str, started_at: float, spans: list[Span], *, failed: bool) -> list[Row]:
    """Return the rows of spans of a request that began at `started_at`."""
    return [
        (
            request_id,
            datetime.fromtimestamp(started_at, UTC),
            failed,
            each.id,
            each.parent,
            each.kind,
            clean_text(each.name)[:300],
            each.start_us,
            each.end_us,
            render_json(each.attributes),
        )
        for each in spans
    ]


def _worker(capture: Capture, end: int) -> Iterator[Span]:
    verified, admitted = capture.verified - capture.began, capture.admitted - capture.began
    is_cold = bool(capture.served and capture.served.is_cold)
    if is_cold:
        cold = {"faas.coldstart": True}
        yield Span(
            "boot", "gateway", "internal", "worker start", _us(verified), _us(admitted), cold
        )
    elif admitted - verified > _SHORTEST_WAIT:
        yield Span(
            "wait", "gateway", "internal", "wait for a worker", _us(verified), _us(admitted), {}
        )
    execution_id = capture.served.execution_id if capture.served else ""
    attributes: dict[str, Any] = {"faas.coldstart": is_cold, "faas.instance": execution_id}
    first = _us(capture.answered - capture.began) if capture.answered else end
    attributes["edge.first_byte_us"] = first
    yield Span("handler", "gateway", "internal", "handler", _us(admitted), end, attributes)


def _stages(record: RequestRecord, parent: Span) -> Iterator[Span]:
    """Lay out the stages where the record says they began, or else one after the other."""
    at = parent.start_us
    fields = record.fields.get("stages")
    for number, stage in enumerate(record.stages):
        written = fields.get(stage.name) if isinstance(fields, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        start_ms = written.get("start_ms") if isinstance(written, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(start_ms, int | float) and 0 <= start_ms < 1e9:
            at = parent.start_us + round(start_ms * 1000)
        end = at + round(stage.duration_ms * 1000)
        attributes = {} if stage.status == "success" else {"error.type": stage.status}
        yield Span(f"stage-{number}", parent.id, "stage", stage.name, at, end, attributes)
        at = end


def _notes(record: RequestRecord, redaction: Redaction) -> dict[str, Any]:
    """Return what the function noted about the request, such as tokens and cost; no secrets."""
    return {
        f"edge.note.{name}": redaction.redact_member(name, value)
        for name, value in list(record.fields.items())[:_MOST_NOTES]
        if name not in _KNOWN and isinstance(value, str | int | float) and len(str(value)) < 300
    }


def _name(capture: Capture) -> str:
    return f"{capture.scope['method']} {capture.path}"


def _attributes(capture: Capture) -> dict[str, Any]:
    served = capture.served
    status = served.status if served else capture.status
    found: dict[str, Any] = {
        "http.request.method": capture.scope["method"],
        "url.path": capture.path,
        "http.response.status_code": status,
        "http.request.body.size": capture.request_bytes,
        "http.response.body.size": capture.response_bytes,
    }
    if served:
        found["faas.name"] = served.slug
    if status >= 500:
        found["error.type"] = (served.code if served else None) or str(status)
    return found


def _us(seconds: float) -> int:
    return max(round(seconds * 1_000_000), 0)
