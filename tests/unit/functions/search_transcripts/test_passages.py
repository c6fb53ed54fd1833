"""The passage of a chunk that fits a question, and its time."""

from typing import Any

import pytest

from functions.search_transcripts.passages import choose_passage, find_time

CHUNK = "Ann: Hello there\nBo: The price is too high\nAnn: We can start smaller\nBo: Good\n"


def test_the_turn_with_the_words_of_the_question() -> None:
    text, place = choose_passage(CHUNK, "Was the price high?")
    assert text == "Bo: The price is too high\nAnn: We can start smaller"
    assert CHUNK[place:].startswith(text)


def test_a_long_line_is_cut() -> None:
    assert len(choose_passage("word " * 1000, "word")[0]) <= 600


@pytest.mark.parametrize(
    ("times", "offset", "is_end", "expected"),
    [
        ([[0, 1.5], [20, 7]], 0, False, 1.5),
        ([[0, 1.5], [20, 7]], 25, False, 7.0),
        ([[0, 1.5], [20, 7]], 3, True, 7.0),
        ([[5, 1.5]], 0, False, None),
        (None, 0, False, None),
        ("x", 0, False, None),
        ([["a", 1]], 0, False, None),
        ([[1]], 0, False, None),
    ],
)
def test_times_are_found_by_offset(
    times: Any, offset: int, is_end: bool, expected: float | None
) -> None:
    assert find_time(times, offset, is_end=is_end) == expected
