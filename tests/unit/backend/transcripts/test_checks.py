"""Warnings about readings that are probably wrong."""

import pytest

from backend.transcripts.checks import check, check_text
from backend.transcripts.turns import Utterance

SENTENCE = "we would need to see what the delay costs each week before we can decide"


def test_a_plain_conversation_gives_no_warning() -> None:
    said = [Utterance("Ann", SENTENCE), Utterance("Bob", "At 10:30, for 3 people, we pay $1,200.")]

    assert check(said) == []


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ([Utterance(None, SENTENCE)], "No speakers are named"),
        ([Utterance("Ann", SENTENCE)], "Only one speaker is named: Ann."),
        ([Utterance("Ann", SENTENCE * 9), Utterance("Bob", "Yes.")], "Ann says 99% of all words."),
        (
            [
                Utterance("Ann", f"00:00:01,000 --> 00:00:02,000 {SENTENCE}"),
                Utterance("Bob", SENTENCE),
            ],
            "3 of 33 words look like timings",
        ),
        (
            [Utterance("Ann", "1 2 3 4 5 6 yes"), Utterance("Bob", "no")],
            "6 of 8 words are bare numbers",
        ),
        (
            [Utterance("Ann", "<c>so</c> yes"), Utterance("Bob", "no")],
            "Markup is left in the text: <c>",
        ),
        ([Utterance("Ann", "Voil\u00c3\u00a0"), Utterance("Bob", "no")], "wrongly decoded"),
        ([Utterance("Ann", "Yes."), Utterance("Bob", "Yes.")] * 4, "7 of 8 lines repeat"),
        ([Utterance("00:01:02.5", "Yes."), Utterance("Bob", "no")], "is no speaker's name"),
    ],
)
def test_a_doubtful_reading_is_reported(said: list[Utterance], warning: str) -> None:
    assert any(warning in each for each in check(said))


def test_speakers_that_were_dropped_are_reported() -> None:
    assert check([Utterance(None, "Hi")], has_speakers_in_file=True) == [
        "The file names speakers, but they could not be read: the text has none."
    ]


def test_a_text_taken_as_it_is_is_checked_as_well() -> None:
    assert check_text("1\n00:00:01,000 > 00:00:02,000\nHello")
