"""What real files have besides their service's usual shape: gaps, other units, loose ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.transcripts.reader import load_transcript
from backend.transcripts.turns import Transcript

SAID = "A: What would it cost?\nB: Too much."


def load(folder: Path, name: str, content: Any) -> Transcript:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return load_transcript(path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"start": 250}, {"start": 2300}),
        ({"BeginOffsetMillis": 250}, {"BeginOffsetMillis": 2300}),
        ({"offsetInTicks": 2_500_000}, {"offsetInTicks": 23_000_000}),
        ({"start_ms": 250}, {"start_ms": 2300}),
        ({"start": 0.25}, {"start": 2.3}),
        ({"secondsFromStart": 0.25, "time": 1.7e12}, {"secondsFromStart": 2.3, "time": 1.7e12}),
    ],
)
def test_times_are_seconds_whatever_the_file_counts(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    segments = [
        {"speaker": "A", "text": "What would it cost?", **first},
        {"speaker": "B", "text": "Too much.", **second},
    ]

    read = load(tmp_path, "a.json", {"segments": segments})

    assert (read.text, read.times) == (SAID, ((0, 0.25), (23, 2.3)))


def test_times_since_1970_begin_with_the_call(tmp_path: Path) -> None:
    segments = [
        {"speaker": "A", "text": "What would it cost?", "timestamp": 1_700_000_000_000},
        {"speaker": "B", "text": "Too much.", "timestamp": 1_700_000_002_000},
    ]

    assert load(tmp_path, "a.json", {"segments": segments}).times == ((0, 0.0), (23, 2.0))


def test_long_pauses_in_whole_seconds_are_kept(tmp_path: Path) -> None:
    segments = [{"speaker": "AB"[n], "text": "Yes.", "start": n * 120} for n in range(2)]

    assert load(tmp_path, "a.json", {"segments": segments}).times == ((0, 0.0), (8, 120.0))


def test_empty_utterances_do_not_hide_the_words(tmp_path: Path) -> None:
    words = [
        {"word": "what", "punctuated_word": "What?", "start": 0, "end": 1, "speaker": 0},
        {"word": "much", "punctuated_word": "Much.", "start": 1, "end": 2, "speaker": 1},
    ]
    channel = {"alternatives": [{"transcript": "What? Much.", "words": words}]}
    utterances = [{"start": 0, "end": 1, "transcript": "", "speaker": 0}]

    read = load(tmp_path, "a.json", {"results": {"channels": [channel], "utterances": utterances}})

    assert read.text == "Speaker 0: What?\nSpeaker 1: Much."


def test_no_result_of_googles_is_lost_where_words_have_no_times(tmp_path: Path) -> None:
    results = [
        {"alternatives": [{"words": [{"word": "hello", "speakerLabel": "1"}]}]},
        {"alternatives": [{"words": [{"word": w, "speakerLabel": "2"} for w in ("too", "much")]}]},
    ]

    assert load(tmp_path, "a.json", {"results": results}).text == (
        "Speaker 1: hello\nSpeaker 2: too much"
    )


def test_speakers_of_words_are_those_of_their_paragraph(tmp_path: Path) -> None:
    def words(speaker: str, text: str) -> list[dict[str, str]]:
        return [{"text": word, "speaker": speaker} for word in text.split()]

    one = {"text": "What would it cost?", "words": words("A", "What would it cost?")}
    both = {"text": "Too much. Why?", "words": words("B", "Too much.") + words("A", "Why?")}

    read = load(tmp_path, "a.json", {"paragraphs": [one, both]})

    assert read.text == f"{SAID}\nA: Why?"


def test_what_an_api_returns_for_one_call_is_found(tmp_path: Path) -> None:
    segments = [
        {"speaker": "A", "text": "What would it cost?"},
        {"speaker": "B", "text": "Too much."},
    ]
    inner = {"results": {"utterances": segments}}

    for document in (
        {"data": [{"attributes": {"result": inner}}]},
        {"data": {"attributes": inner}},
    ):
        assert load(tmp_path, "a.json", document).text == SAID


def test_actions_of_an_agent_are_not_spoken(tmp_path: Path) -> None:
    said = [("assistant", "Hi"), ("user", "Too much"), ("agent-action", "Ended call")]
    document = {"transcripts": [{"user": user, "text": text} for user, text in said]}

    assert load(tmp_path, "a.json", document).text == "Assistant: Hi\nUser: Too much"


def test_the_counter_of_a_caption_that_is_missing_is_not_spoken(tmp_path: Path) -> None:
    cue = "1\n00:00:01,000 --> 00:00:02,000\nSam: It costs\n10\n\n"

    assert load(tmp_path, "a.srt", cue + "2\n").text == "Sam: It costs 10"
    assert load(tmp_path, "a.srt", cue).text == "Sam: It costs 10"


def test_times_that_mark_sections_of_labelled_text_are_left_out(tmp_path: Path) -> None:
    text = (
        "Call - Transcript\nAttendees\nSam, Dana\nSam: Why?\nDana: Too much.\n00:05:00\nSam: Oh.\n"
    )

    assert load(tmp_path, "a.txt", text).text == "Sam: Why?\nDana: Too much.\nSam: Oh."


def test_clocks_and_numbers_for_words_are_noticed(tmp_path: Path) -> None:
    read = load(tmp_path, "a.txt", "Sam: 00:01 00:02 00:03\nDana: 00:04\nSam: 12 13 14\n")

    assert read.notices == (
        "4 of 10 words look like timings, not speech.",
        "3 of 10 words are bare numbers.",
    )
    assert (
        load(tmp_path, "a.txt", "Sam: Is 5:30 fine?\nDana: Yes, see you at 5:30.\n").notices == ()
    )
