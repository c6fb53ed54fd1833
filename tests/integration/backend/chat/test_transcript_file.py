"""Uploaded transcripts are read alike here and in a process of their own."""

import asyncio
import sys
from pathlib import Path

import pytest

from backend.chat import transcript_file
from backend.chat.transcript_file import TooLongError, read_file
from backend.transcripts.turns import TranscriptError
from functions.process_transcript.transcript import MAX_CHARACTERS
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

_SAMPLE = ROOT / "samples/objection_call.vtt"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every file in a process of its own."""
    monkeypatch.setattr(transcript_file, "_READ_HERE", 0)


async def test_a_process_reads_what_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    size = _SAMPLE.stat().st_size
    here = await read_file(_SAMPLE, size)
    monkeypatch.setattr(transcript_file, "_READ_HERE", size - 1)
    assert await read_file(_SAMPLE, size) == here
    assert here.times


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "{", "a.json: line 1 is not JSON"),
        ("a.json", "[" + "[]," * 1_000_000 + "[]]", "a.json: has too many values"),
        ("a.docx", "text", "a.docx: is not a Word document"),
        ("gone.txt", None, "gone.txt: cannot be read"),
    ],
)
async def test_what_a_process_cannot_read_is_told(
    tmp_path: Path, name: str, content: str | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(TranscriptError, match=words):
        await read_file(path, len(content or ""))


@pytest.mark.usefixtures("apart")
async def test_a_process_that_takes_too_long_or_fails_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcript_file, "_SECONDS", 0.0)
    with pytest.raises(TranscriptError, match="takes too long to read"):
        await read_file(_SAMPLE, 1)
    monkeypatch.setattr(transcript_file, "_SECONDS", PATIENCE)
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(TranscriptError, match=r"objection_call\.vtt: cannot be read"):
        await read_file(_SAMPLE, 1)


@pytest.mark.usefixtures("apart")
async def test_a_transcript_that_could_not_be_stored_is_not_passed_on(tmp_path: Path) -> None:
    assert transcript_file._MOST_CHARACTERS == MAX_CHARACTERS
    path = tmp_path / "long.txt"
    for length in (1_000_000, 1_000_001):
        path.write_text("word " * 199_999 + "x" * (length - 999_995))
        reading = read_file(path, length)
        if length == 1_000_000:
            assert len((await reading).text) == length
        else:
            with pytest.raises(TooLongError, match="at most 1,000,000 characters"):
                await reading


@pytest.mark.usefixtures("apart")
async def test_the_process_of_an_upload_that_is_cancelled_is_ended() -> None:
    reading = asyncio.create_task(read_file(_SAMPLE, 1))
    await asyncio.sleep(0.02)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
