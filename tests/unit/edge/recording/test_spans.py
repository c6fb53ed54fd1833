"""Spans of a request have what its function noted, without secrets."""

import json
from typing import Any

from edge.logs.record import parse_record
from edge.project.recording import RecordingSettings
from edge.recording.recorder import Recorder
from edge.recording.redaction import Redaction
from edge.recording.spans import spans_of


def test_notes_have_no_secrets() -> None:
    scope: dict[str, Any] = {
        "method": "POST",
        "raw_path": b"/hello",
        "query_string": b"",
        "headers": [],
    }
    capture = Recorder(RecordingSettings()).begin("function", "", scope)
    notes = {"tokens": 7, "session_token": "abc", "url": "postgres://u:pw@host/db"}
    record = parse_record(json.dumps({"request_id": "r", "stages": {}, **notes}))
    assert capture
    assert record

    attributes = spans_of(capture, record, Redaction())[0].attributes

    assert attributes["edge.note.tokens"] == 7
    assert attributes["edge.note.session_token"] == "[redacted]"
    assert attributes["edge.note.url"] == "postgres://u:[redacted]@host/db"
