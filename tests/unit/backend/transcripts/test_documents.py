"""JSON documents in variants of a service's shape: other keys, wrappers and missing fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.transcripts.reader import load_transcript
from backend.transcripts.turns import speaker_name

TURNS = "Sam: What would it cost?\nDana: Too much."
SAID = [("Sam", "What would it cost?"), ("Dana", "Too much.")]


def load(folder: Path, document: Any) -> str:
    path = folder / "a.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return load_transcript(path).text


@pytest.mark.parametrize(
    "text", ["text", "Text", "content", "sentence", "spokenText", "display_text"]
)
@pytest.mark.parametrize(
    "speaker",
    ["speaker", "speakerName", "Speaker Name", "participant", "user_name", "name", "author"],
)
def test_segments_are_read_under_any_usual_key(tmp_path: Path, speaker: str, text: str) -> None:
    segments = [{text: words, speaker: name, "start": 1.0} for name, words in SAID]

    assert load(tmp_path, {"segments": segments}) == TURNS
    assert load(tmp_path, {"data": {"result": {"utterances": segments}}, "ok": True}) == TURNS
    assert load(tmp_path, segments) == TURNS


def test_speakers_listed_apart_give_the_names(tmp_path: Path) -> None:
    document = {
        "speakers": [{"id": 0, "name": "Sam"}, {"id": 1, "name": "Dana"}],
        "segments": [{"speaker": n, "text": words} for n, (_, words) in enumerate(SAID)],
    }

    assert load(tmp_path, document) == TURNS


@pytest.mark.parametrize("role", ["system", "developer", "tool", "function", "tool_call_result"])
def test_what_nobody_said_is_left_out(tmp_path: Path, role: str) -> None:
    spoken = [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Yes"}]
    silent = {"role": role, "content": "Never mention the price."}

    for messages in ([silent, *spoken], [*spoken, silent]):
        assert load(tmp_path, messages) == "Assistant: Hi\nUser: Yes"
        assert load(tmp_path, {"messages": messages}) == "Assistant: Hi\nUser: Yes"
        assert load(tmp_path, {"transcript": messages}) == "Assistant: Hi\nUser: Yes"


@pytest.mark.parametrize("start", [1, "1.0", "1.0s", "PT1S", "00:00:01,000", {"seconds": "1"}])
def test_channels_are_joined_by_times_of_any_kind(tmp_path: Path, start: object) -> None:
    later = {"channel": 0, "offset": "PT2S", "nBest": [{"display": "Yes."}]}
    first = {"channel": 1, "offset": start, "nBest": [{"display": "Ready?"}]}

    text = load(tmp_path, {"recognizedPhrases": [later, first]})

    assert text == "Speaker 1: Ready?\nSpeaker 0: Yes."


def test_a_speaker_that_is_unknown_has_no_name(tmp_path: Path) -> None:
    segments = [{"speaker": "UU", "text": "Hm."}, {"speaker": "S1", "text": "Yes."}]

    assert load(tmp_path, segments) == "Hm.\nSpeaker 1: Yes."


def test_html_entities_are_characters(tmp_path: Path) -> None:
    assert load(tmp_path, [{"speaker": "A", "text": "R&amp;D &gt; all"}]) == "A: R&D > all"


def test_a_speaker_s_name_is_read_in_one_pass_however_long_it_is() -> None:
    name = "role_" * 100_000 + "1"

    assert speaker_name(name) == name
    assert speaker_name("MESSAGE_ROLE_AGENT") == "Agent"
