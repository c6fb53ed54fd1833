"""Shorter texts that still say something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.voice_prompt.text_budget import (
    Deduplicator,
    LineBudget,
    count_words,
    join_alike,
    shorten,
)

BUDGET = LineBudget(lines=3, line_words=5, words=9)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("One two. Three four. Five six.", "One two. Three four."),
        ("One two three four five.", "One two three four five."),
        ("One two three four five six seven.", "One two three four five…"),
        ("One, two, three, four, five, six.", "One, two, three, four, five…"),
        ("Said: “one two three four five six”", "Said: “one two three four…”"),
        ("  One \n two. ", "One two."),
        ("", ""),
        ("   ", ""),
    ],
)
def test_whole_sentences_are_kept_where_there_are_any(text: str, short: str) -> None:
    assert shorten(text, 5) == short


def test_a_text_without_spaces_is_shortened_too() -> None:
    assert len(shorten("説" * 1000, 5)) <= 61
    assert count_words("説" * 1000) > 50


@given(st.text(), st.integers(1, 30))
def test_no_text_is_longer_than_asked_for(text: str, words: int) -> None:
    assert count_words(shorten(text, words)) <= words


def test_lines_are_taken_as_far_as_there_is_room() -> None:
    lines = ["one two three four", "five six seven eight nine", "ten eleven twelve", "last"]

    assert Deduplicator().select(lines, BUDGET) == [
        "one two three four",
        "five six seven eight nine",
    ]
    assert Deduplicator().select(["a b", "c d", "e f", "g h"], BUDGET) == ["a b", "c d", "e f"]


def test_what_was_not_taken_can_be_said_later() -> None:
    seen = Deduplicator()
    seen.select(["one two three four", "five six seven eight", "nine ten eleven"], BUDGET)

    assert seen.select(["nine ten eleven"], BUDGET) == ["nine ten eleven"]


@pytest.mark.parametrize(
    "again", ["Tell me MORE about it", "more about it", "Well: “tell me more about it!”"]
)
def test_nothing_is_said_twice(again: str) -> None:
    seen = Deduplicator()
    seen.select(["Tell me more about it."], BUDGET)

    assert seen.repeats(again)
    assert not seen.repeats("Tell me what you need")


def test_single_words_may_occur_again() -> None:
    seen = Deduplicator()
    seen.select(["Thank you."], BUDGET)

    assert not seen.repeats("Thank you for your time")


def test_lines_that_begin_alike_are_joined() -> None:
    lines = ["Reply to: a", "Reply to: b", "Silence", "Reply to: c"]

    assert list(join_alike(lines)) == ["Reply to: a, b", "Silence", "Reply to: c"]
