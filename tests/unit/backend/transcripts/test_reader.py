"""Transcript files parsed to a conversation as text."""

import json
from pathlib import Path

import pytest
from docx import Document

from backend.transcripts.reader import read_transcript
from backend.transcripts.turns import TranscriptError

VTT = """WEBVTT - a call

NOTE recorded on a phone
not spoken

STYLE
::cue { color: red }

intro
00:00.000 --> 00:02.000 align:start
<v Ann Lee>Hello <b>Bob</b>,</v>

00:02.000 --> 00:03.000
<v.loud Ann Lee>how are you &amp; yours?

00:00:03.000 --> 00:00:04.000
<v Bob>Fine.</v> <v Ann Lee>Good.</v>
"""
SRT = """1
00:00:00,000 --> 00:00:02,000
Ann: Hello Bob,

2
00:00:02,000 --> 00:00:04,000
Ann: how are you?

3
00:00:04,000 --> 00:00:05,000
Bob: Fine.
"""


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_webvtt_voices_become_turns(tmp_path: Path) -> None:
    text = read_transcript(write(tmp_path, "a.vtt", VTT))

    assert text == "Ann Lee: Hello Bob, how are you & yours?\nBob: Fine.\nAnn Lee: Good."


def test_subrip_labels_become_turns(tmp_path: Path) -> None:
    text = read_transcript(write(tmp_path, "a.srt", SRT))

    assert text == "Ann: Hello Bob, how are you?\nBob: Fine."


def test_captions_without_speakers_keep_their_lines(tmp_path: Path) -> None:
    cues = "1\n00:00:00,000 --> 00:00:02,000\nHow much?\n\n2\n00:00:02,000 --> 00:00:04,000\nTen."

    assert read_transcript(write(tmp_path, "a.srt", cues)) == "How much?\nTen."


@pytest.mark.parametrize(
    "document",
    [
        {"segments": [{"speaker": "A", "text": "Hi"}, {"speaker": "B", "text": "Yes"}]},
        {"transcript": [{"role": "A", "content": "Hi"}, {"role": "B", "content": "Yes"}]},
        {"utterances": [{"name": "A", "text": "Hi"}, {"name": "B", "text": " Yes\n"}]},
        [{"speaker": "A", "text": "Hi"}, {"speaker": "B", "text": "Yes"}],
        {"transcript": "A: Hi\nB: Yes"},
        {"text": "A: Hi\nB: Yes"},
        "A: Hi\nB: Yes",
        ["A: Hi", "B: Yes"],
    ],
)
def test_common_json_shapes_read_the_same(tmp_path: Path, document: object) -> None:
    assert read_transcript(write(tmp_path, "a.json", json.dumps(document))) == "A: Hi\nB: Yes"


def test_numbered_speakers_are_named_and_their_words_joined(tmp_path: Path) -> None:
    document = [
        {"speaker": 0, "text": "Hi"},
        {"speaker": 0, "text": "there"},
        {"speaker": 1, "text": ""},
        {"speaker": None, "text": "Noise"},
    ]

    text = read_transcript(write(tmp_path, "a.json", json.dumps(document)))

    assert text == "Speaker 0: Hi there\nNoise"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [("utf-8-sig", "Ann: Olá"), ("utf-16", "Ann: Olá"), ("utf-8", "Ann: Olá")],
)
def test_byte_order_marks_are_understood(tmp_path: Path, encoding: str, content: str) -> None:
    assert read_transcript(write(tmp_path, "a.TXT", content.encode(encoding))) == "Ann: Olá"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", "x", "a.pdf: the name must end in .txt, .json, .vtt, .srt"),
        ("a.txt", " \n", "a.txt: contains no words"),
        ("a.txt", b"ok\nyes and no\xff\x01", "a.txt: line 2 is not utf-8 text"),
        ("a.docx", b"PK not a document", "a.docx: is not a Word document"),
        ("a.json", '{"a": 1,\n oops}', "a.json: line 2 is not JSON"),
        ("a.json", '{"words": []}', "a.json: has no transcript"),
        ("a.json", "7", "a.json: must be an object, a list of segments or a text"),
        ("a.json", "[" * 100_000, "a.json: is nested too deeply"),
        ("a.json", '{"segments": [{"text": "a"}, {"text": 7}]}', r"segments\[1\].text must be"),
        ("a.json", '[{"speaker": "A"}]', r"a.json: \[0\] has no text"),
        ("a.json", "[7]", r"\[0\] must be an object"),
        ("a.json", '[{"speaker": [], "text": "a"}]', r"\[0\]: the speaker must be"),
        ("a.vtt", "00:00.000 --> 00:01.000\nHi", "a.vtt: line 1 must begin with WEBVTT"),
        ("a.srt", SRT.replace("-->", "->", 1), "a.srt: line 1: a timing"),
        ("a.srt", SRT + "\n\n4\n00:00\nHi", "a.srt: line 14: a timing"),
    ],
)
def test_an_unreadable_file_is_an_error_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(TranscriptError, match=message):
        read_transcript(write(tmp_path, name, content))


def test_a_word_document_is_read_like_a_text(tmp_path: Path) -> None:
    document = Document()
    for line in ("Sales call - Transcript", "00:00:00", "Ann Lee: Hi", "Bob Day: Yes", "00:05:00"):
        document.add_paragraph(line)
    document.save(str(tmp_path / "a.docx"))

    assert read_transcript(tmp_path / "a.docx") == "Ann Lee: Hi\nBob Day: Yes"


def test_captions_and_json_under_another_name_are_known_by_their_content(tmp_path: Path) -> None:
    assert read_transcript(write(tmp_path, "a.txt", SRT)) == (
        "Ann: Hello Bob, how are you?\nBob: Fine."
    )
    assert read_transcript(write(tmp_path, "b.txt", VTT)).startswith("Ann Lee: Hello Bob")
    assert read_transcript(write(tmp_path, "c.txt", '[{"speaker": "A", "text": "Hi"}]')) == "A: Hi"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match=r"gone.txt: cannot be read: No such file"):
        read_transcript(tmp_path / "gone.txt")
