"""Overlapping chunks become running text again."""

from hypothesis import given
from hypothesis import strategies as st

from functions.process_transcript.chunking import split_transcript
from functions.structured_data.excerpts import GAP, Chunk, stitch


def chunk(text: str, start: int, end: int) -> Chunk:
    return Chunk("id", start, text[start:end], start, end)


def test_overlaps_are_told_once() -> None:
    text = "0123456789"

    assert stitch([chunk(text, 0, 6), chunk(text, 4, 9), chunk(text, 8, 10)]) == text


def test_a_gap_is_marked() -> None:
    text = "0123456789"

    assert stitch([chunk(text, 0, 2), chunk(text, 5, 7)]) == f"01{GAP}56"


def test_a_missing_beginning_is_a_gap_and_order_does_not_matter() -> None:
    text = "0123456789"

    assert stitch([chunk(text, 8, 10), chunk(text, 5, 9)]) == f"{GAP}56789"


def test_a_chunk_inside_another_adds_nothing() -> None:
    text = "0123456789"

    assert stitch([chunk(text, 0, 8), chunk(text, 2, 4)]) == "01234567"


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=80).map("\n".join))
def test_what_process_transcript_splits_is_put_together(text: str) -> None:
    chunks = [
        Chunk("id", c.index, c.text, c.char_start, c.char_end) for c in split_transcript(text)
    ]

    assert stitch(chunks) == text


def test_a_row_becomes_a_chunk() -> None:
    row = {
        "id": "c",
        "chunk_index": 3,
        "chunk_text": "Hi",
        "metadata": {"char_start": 10, "char_end": 12},
    }

    assert Chunk.from_row(row) == Chunk("c", 3, "Hi", 10, 12)
