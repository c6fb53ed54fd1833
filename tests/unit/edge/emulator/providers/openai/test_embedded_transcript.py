"""Transcripts in a recording's tags, of which a channel's are only those that are heard in it."""

import io
from typing import Any

import av
import numpy as np
import pytest

from edge.emulator.providers.openai.embedded_transcript import NoTranscriptError, read_embedded
from tests.support.recordings import RATE, write_recording

TAGS = {"lyrics": "[00:00.00] Ann: hello\n[00:02.00] Bob: hi", "channel": "0"}
SECOND = np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE) * 8000
FIRST_HALF = np.concatenate([SECOND, SECOND, SECOND * 0, SECOND * 0])[np.newaxis]


def write_at_rate(rate: int) -> bytes:
    target = io.BytesIO()
    opened: Any = av.open(target, "w", format="matroska")
    with opened as container:
        container.metadata.update(TAGS)
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.ones((1, 50), np.int16), format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def test_words_that_are_said_while_the_channel_is_silent_are_left_out() -> None:
    assert [cue.text for cue in read_embedded(write_recording("flac", FIRST_HALF, TAGS)).cues] == [
        "hello"
    ]


@pytest.mark.parametrize("rate", [1, 9])
def test_a_channel_of_any_rate_is_read(rate: int) -> None:
    assert read_embedded(write_at_rate(rate)).duration > 0


def test_a_channel_that_cannot_be_decoded_is_refused_as_no_sound() -> None:
    content = write_recording("mkv", FIRST_HALF, TAGS)
    with pytest.raises(ValueError, match="no sound"):
        read_embedded(content.replace(b"A_OPUS", b"A_NONE"))


def test_a_recording_without_the_tag_has_no_transcript() -> None:
    with pytest.raises(NoTranscriptError):
        read_embedded(write_recording("flac", FIRST_HALF, {"channel": "0"}))
