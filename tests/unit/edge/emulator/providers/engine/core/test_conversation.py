"""Turns, speakers and sentences of many kinds of transcript."""

import pytest
from hypothesis import given, settings

from edge.emulator.providers.engine.core.conversation import parse_conversation
from tests.support.transcripts import transcripts


def turns(text: str) -> list[tuple[str | None, list[str]]]:
    conversation = parse_conversation(text)
    return [
        (turn.speaker, [sentence.text for sentence in turn.sentences])
        for turn in conversation.turns
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Anna: Hi there. How are you?\nBen: Fine.\nAnna: Good.\nBen: Yes.",
        "[00:12] Anna: Hi there. How are you?\n[00:14] Ben: Fine.\n[00:15] Anna: Good.\nBen: Yes.",
        "Anna (00:01): Hi there. How are you?\n\nBen (00:02): Fine.\n\nAnna: Good.\nBen: Yes.",
        "Anna: Hi there. How are you? Ben: Fine. Anna: Good. Ben: Yes.",
        "Anna  00:01\nHi there. How are you?\nBen  00:02\nFine.\nAnna 0:03\nGood.\nBen 0:04\nYes.",
        "WEBVTT\n\n1\n00:01.000 --> 00:02.000\n<v Anna>Hi there. How are you?</v>\n\n"
        "00:03.000 --> 00:04.000\n<v Ben>Fine.\n\n<v Anna>Good.</v>\n<v Ben>Yes.</v>",
        "1\n00:00:01,000 --> 00:00:02,000\nAnna: Hi there.\n\n2\n00:00:02,000 --> 00:00:03,000\n"
        "How are you?\n\nBen: Fine.\r\nAnna: Good.\r\nBen: Yes.",
    ],
)
def test_every_notation_of_speakers_gives_the_same_turns(text: str):
    assert turns(text) == [
        ("Anna", ["Hi there.", "How are you?"]),
        ("Ben", ["Fine."]),
        ("Anna", ["Good."]),
        ("Ben", ["Yes."]),
    ]


def test_roles_are_speakers_even_if_they_speak_once():
    assert [speaker for speaker, _ in turns("Rep: Hello.\nCustomer: No.")] == ["Rep", "Customer"]


def test_a_word_before_a_colon_is_not_a_speaker_in_prose():
    text = "We saw one thing clearly that day.\nWarning: it was hot.\nThen we went home again."

    assert [speaker for speaker, _ in turns(text)] == [None, None, None]


def test_hard_wrapped_lines_are_one_sentence_and_stay_verbatim():
    assert turns("We talked about\nthe price again.\nThen we left.") == [
        (None, ["We talked about\nthe price again."]),
        (None, ["Then we left."]),
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Smith paid 3.50 p.m. today. Why?", ["Dr. Smith paid 3.50 p.m. today.", "Why?"]),
        ("So did I. We left.", ["So did I.", "We left."]),
        ("“Really?” She left… Then rain!", ["“Really?”", "She left…", "Then rain!"]),
        ("本当に\uff1fはい。", ["本当に\uff1f", "はい。"]),
        ("No. We don't.", ["No.", "We don't."]),
    ],
)
def test_sentences_end_where_they_end(text: str, sentences: list[str]):
    assert turns(text)[0][1] == sentences


def test_speech_without_punctuation_is_cut_into_quotable_pieces():
    conversation = parse_conversation("and then we said that it was fine " * 60)

    assert all(len(sentence.text) <= 160 for sentence in conversation.sentences)


def test_the_reply_is_not_sought_beyond_an_excerpts_gap():
    conversation = parse_conversation(
        "Anna: A one.\nBen: B two.\n[…]\nAnna: A three.\nBen: B four."
    )

    first, second, third = (conversation.reply_to(index) for index in range(3))
    assert first is not None
    assert first.sentences[0].text == "B two."
    assert second is None
    assert third is not None


@given(transcripts)
@settings(max_examples=200, deadline=None)
def test_sentences_are_ordered_spans_that_do_not_overlap(text: str):
    conversation = parse_conversation(text)

    end = 0
    for sentence in conversation.sentences:
        assert end <= sentence.start < sentence.end
        assert text[sentence.start : sentence.end] == sentence.text
        end = sentence.end
