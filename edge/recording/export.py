"""Sends recorded spans by OTLP, with the ids that join a request and the calls that it made."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.trace import SpanKind

from edge.recording.capture import Capture
from edge.recording.semantics import describe_call
from edge.recording.spans import Span
from edge.telemetry.context import Trace, parse_trace
from edge.telemetry.export import FinishedSpan, Telemetry

_ROOT: Final = "gateway"
_HANDLER: Final = "handler"
_SERVER: Final = "server"


@dataclass(frozen=True, slots=True)
class SpanExport:
    """Converts the spans of requests."""

    telemetry: Telemetry

    def send(self, capture: Capture, spans: Sequence[Span]) -> None:
        """Send the spans of a request; of a call of a function's, as part of the function's."""
        given = _trace_of(capture)
        began = round(capture.started_at * 1e9)
        attributes = describe_call(capture, b"".join(capture.response_body))
        for span in spans:
            is_root = span.kind == _SERVER
            parent = _span_id(capture.request_id, span.parent) if span.parent else ""
            if is_root:
                parent = _parent_of(capture, given)
            self.telemetry.emit(
                FinishedSpan(
                    given.trace_id if given else capture.trace_id,
                    _span_id(capture.request_id, span.id),
                    parent,
                    span.name,
                    SpanKind.SERVER if is_root else SpanKind.INTERNAL,
                    began + span.start_us * 1000,
                    began + span.end_us * 1000,
                    _plain({**span.attributes, **(attributes if is_root else {})}),
                    "error.type" in span.attributes,
                )
            )

    def close(self) -> None:
        """Send what is left."""
        self.telemetry.close()


def _trace_of(capture: Capture) -> Trace | None:
    """Return the client's own trace, unless the request is a call of a function's."""
    if capture.parent_id:
        return None
    values = {name: value.decode("latin-1") for name, value in capture.scope["headers"]}
    return parse_trace(values.get(b"traceparent", ""), "")


def _parent_of(capture: Capture, given: Trace | None) -> str:
    if capture.parent_id:
        return _span_id(capture.parent_id, _HANDLER)
    return given.span_id if given else ""


def _span_id(request_id: str, name: str) -> str:
    return hashlib.blake2s(f"{request_id}/{name}".encode(), digest_size=8).hexdigest()


def _plain(attributes: Mapping[str, Any]) -> dict[str, str | bool | int | float]:
    return {n: v for n, v in attributes.items() if isinstance(v, str | bool | int | float)}
