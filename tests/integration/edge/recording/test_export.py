"""What a collector gets of recorded requests: one trace for a request and the calls it made."""

from edge.project.recording import RecordingSettings
from edge.recording.capture import Capture
from edge.recording.export import SpanExport
from edge.recording.recorder import Recorder
from edge.recording.redaction import Redaction
from edge.recording.spans import spans_of
from edge.telemetry.export import Telemetry
from edge.telemetry.settings import Signal, TelemetrySettings
from tests.support.otlp_collector import attributes, collecting

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def begin(recorder: Recorder, kind: str, path: str, **headers: str) -> Capture:
    """Begin a request; its parts take no time."""
    scope = {
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items()],
    }
    capture = recorder.begin(kind, "", scope)
    assert capture
    capture.verified = capture.admitted = capture.answered = capture.began
    return capture


def test_a_request_and_its_calls_are_one_trace() -> None:
    recorder = Recorder(RecordingSettings())
    function = begin(recorder, "function", "/functions/v1/hello")
    call = begin(recorder, "rest", "/rest/v1/notes", sb_parent_request_id=function.request_id)
    traced = begin(
        recorder, "function", "/functions/v1/given", traceparent=f"00-{TRACE}-{PARENT}-01"
    )
    with collecting() as collector:
        signal = Signal(f"{collector.url}/v1/traces", {})
        telemetry = Telemetry(TelemetrySettings(signal, None, "shop", {}), tuple)
        telemetry.start()
        export = SpanExport(telemetry)
        for capture in (call, function, traced):
            capture.status = 500 if capture is call else 200
            capture.ended = capture.began + 0.01
            export.send(capture, spans_of(capture, None, Redaction()))
        export.close()

        root = collector.wait_for_span("POST /functions/v1/hello")
        handler = next(s for s in collector.spans if s.parent_span_id == root.span_id)
        child = collector.wait_for_span("POST /rest/v1/notes")
        given = collector.wait_for_span("POST /functions/v1/given")

    assert root.trace_id.hex() == function.request_id.replace("-", "") == child.trace_id.hex()
    assert root.parent_span_id == b""
    assert handler.trace_id == root.trace_id
    assert child.parent_span_id in {s.span_id for s in collector.spans if s.name == "handler"}
    assert attributes(child.attributes)["db.collection.name"] == "notes"
    assert (child.status.code, root.status.code) == (2, 0)
    assert (given.trace_id.hex(), given.parent_span_id.hex()) == (TRACE, PARENT)
    assert root.end_time_unix_nano - root.start_time_unix_nano == 10_000_000
