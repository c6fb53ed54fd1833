"""Postgres's log: entries with their details, in which request, and no more than a part of it."""

from pathlib import Path

from edge.events import Level
from edge.recording.items import ServiceLine
from edge.recording.postgres_log import PostgresLog, parse

_TEXT = """\
2026-11-28 20:00:00.123 UTC [7] () LOG:  checkpoint starting: time
2026-11-28 20:00:01.123 UTC [8] (request 0b9e3e46-0000-4000-8000-0000000000ab) ERROR:  1 by zero
2026-11-28 20:00:01.123 UTC [8] (request 0b9e3e46-0000-4000-8000-0000000000ab) STATEMENT:  select
\t1 / 0
2026-11-28 20:00:02.000 UTC [9] (edge-rest) WARNING:  watch out
"""


def test_entries_have_their_details_and_their_request() -> None:
    found = [(line.level, line.text, line.request_id) for line in parse(_TEXT)]

    assert found == [
        (Level.INFO, "LOG:  checkpoint starting: time", ""),
        (
            Level.ERROR,
            "ERROR:  1 by zero\nSTATEMENT:  select\n\t1 / 0",
            "0b9e3e46-0000-4000-8000-0000000000ab",
        ),
        (Level.WARNING, "WARNING:  watch out", ""),
    ]


def test_what_is_written_is_read_once_and_a_flood_is_left_out(tmp_path: Path) -> None:
    taken: list[ServiceLine] = []
    path = tmp_path / "server.log"
    path.write_text("")
    log = PostgresLog(path, taken.append)
    with path.open("a") as file:
        file.write(_TEXT + "2026-11-28 20:00:03.000 UTC [9] () LOG:  half")
        file.flush()
        log.read()
        assert len(taken) == 3
        file.write(" and half\n")
        file.flush()
        log.read()
        assert taken[3].text == "LOG:  half and half"
        file.write(_TEXT * 3000)
        file.flush()
        log.read()
    assert "are left out" in taken[4].text
    assert len(taken) < 4000
    path.write_text(_TEXT)  # it was rotated
    log.read()
    assert taken[-1].text == "WARNING:  watch out"
