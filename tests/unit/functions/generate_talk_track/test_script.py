"""Model responses validated into scripts, and the document of a talk track."""

from typing import Any

import pytest

from functions.generate_talk_track.deck import Deck, Slide
from functions.generate_talk_track.document import render_talk_track
from functions.generate_talk_track.script import (
    TalkTrackChunk,
    clamp_duration,
    read_saved,
    select_slides,
)
from functions.generate_talk_track.writer import read_retry_after
from functions.talk_track_jobs.job import Job

WANTED = [Slide(n, f"Point {n}", "", "") for n in (1, 2, 3)]


def response(*slides: tuple[int, str]) -> TalkTrackChunk:
    rows = [{"slideNumber": n, "script": s, "duration": 20, "notes": ""} for n, s in slides]
    return TalkTrackChunk.model_validate({"slides": rows})


def test_duplicates_count_once_and_unrequested_slides_are_dropped() -> None:
    accepted = select_slides(WANTED, response((2, "b"), (1, "a"), (2, "again"), (9, "who?")))

    assert {number: slide.script for number, slide in accepted.items()} == {1: "a", 2: "b"}


def test_an_empty_script_is_missing() -> None:
    assert select_slides(WANTED, response((1, " \n "))) == {}


def test_nul_is_removed() -> None:
    assert select_slides(WANTED, response((1, "a\0b")))[1].script == "ab"


@pytest.mark.parametrize(
    ("seconds", "clamped"), [(-3, 20), (0, 20), (1, 5), (5, 5), (17.6, 18), (120, 120), (1e9, 120)]
)
def test_durations_are_between_5_and_120_seconds(seconds: float, clamped: int) -> None:
    assert clamp_duration(seconds) == clamped


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 5), ("2", 2), ("0.5", 0.5), ("-1", 0), ("3600", 60), ("inf", 60), ("Wed, 21 Oct", 5)],
)
def test_retry_after_is_clamped(header: str | None, seconds: float) -> None:
    assert read_retry_after(header) == seconds


def chunk(index: int, *numbers: int) -> dict[str, Any]:
    rows = [
        {"slideNumber": n, "script": f"Say {n}.", "duration": 30, "notes": "Pause."}
        for n in numbers
    ]
    return {"index": index, "slides": rows, "metadata": {"model": "m", "tokens": {"input": 2}}}


def test_the_document_has_all_slides_in_order() -> None:
    deck = Deck.from_row({"title": "Launch", "slides": [{"title": t} for t in "ABC"]})
    scripts = {1: read_saved(chunk(1, 3)), 0: read_saved(chunk(0, 1, 2))}

    track = render_talk_track(deck, scripts)

    assert track["total_duration"] == 90
    assert [s["slideNumber"] for s in track["slide_timings"]["slides"]] == [1, 2, 3]
    assert track["metadata"]["tokens"] == {"input": 4, "output": 0}
    assert track["content"] == (
        "# Talk Track Script\n\n**Total duration:** 2 minutes\n"
        + "".join(
            f"\n---\n\n## Slide {n}: {title}\n\n**Duration:** 30 seconds\n\nSay {n}.\n"
            "\n**Delivery notes:** Pause.\n"
            for n, title in ((1, "A"), (2, "B"), (3, "C"))
        )
    )


@pytest.mark.parametrize(
    ("status", "current", "total", "seconds", "eta"),
    [
        ("pending", 0, 0, None, None),
        ("processing", 0, 6, None, 40),
        ("processing", 4, 6, 12.5, 13),
        ("processing", 6, 6, 12.5, 1),
        ("completed", 6, 6, 12.5, 0),
        ("failed", 3, 6, 12.5, None),
        ("cancelled", 3, 6, 12.5, None),
    ],
)
def test_the_eta_counts_concurrent_chunks(
    status: str, current: int, total: int, seconds: float | None, eta: int | None
) -> None:
    row = {
        "status": status,
        "current_chunk": current,
        "total_chunks": total,
        "chunk_seconds": seconds,
    }

    assert Job(row, concurrency=4).eta_seconds == eta
