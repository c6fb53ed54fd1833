"""A line is read once; terminal, log and metrics take the record that comes with it."""

import io
import json

import pytest
from rich.console import Console

from edge.cli.start.terminal import terminal_observer
from edge.events import Level
from edge.logs.description import describe
from edge.logs.entry import Kind
from edge.logs.line import read_line
from edge.logs.queue import TimestampedEvent
from edge.metrics.observer import Metrics
from edge.recording.assembly import Assembler
from edge.recording.callers import CallerReader
from edge.recording.redaction import Redaction
from edge.recording.rows import RowMaker
from edge.tokens import Keys

_RECORD = {"request_id": "r", "status": 502, "stages": {"draw": {"duration_ms": 8}}}


def test_the_record_of_a_request_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    decode = json.JSONDecoder.decode

    def count(decoder: json.JSONDecoder, text: str) -> object:
        parsed.append(text)
        return decode(decoder, text)

    monkeypatch.setattr(json.JSONDecoder, "decode", count)
    line = read_line("f", "e", "stdout", json.dumps(_RECORD))
    stamped = TimestampedEvent(0.0, line)
    metrics, out = Metrics(), io.StringIO()

    terminal_observer(Console(file=out)).write([stamped])
    metrics(line)
    batch = Assembler(RowMaker(Redaction(), CallerReader(Keys("secret"), {}))).assemble([stamped])

    assert line.level is Level.ERROR
    assert describe(stamped).kind is Kind.REQUEST_RECORD
    assert "draw 8 ms" in out.getvalue()
    assert b'edge_stage_duration_seconds_count{function="f",stage="draw"} 1' in metrics.render()
    assert [row[6] for row in batch.rows["logs"]] == ["RequestRecord"]
    assert len(parsed) == 1


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('{"request_id": "r", "stages": {}, "status": 404, "cost": NaN}', Level.WARNING),
        ('{"level": "debug", "stages": "none"}', Level.DEBUG),
        ("{}", Level.ERROR),
        ("{", Level.ERROR),
        ("hello", Level.ERROR),
    ],
)
def test_the_level_of_what_is_no_record_is_found_all_the_same(text: str, level: Level) -> None:
    line = read_line("f", "e", "stderr", text)

    assert line.record is None
    assert line.level is level
