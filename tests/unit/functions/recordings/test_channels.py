"""People on channels of their own are told from those who share them."""

import io

import numpy as np
import pytest

from functions.recordings.audio import RATE, Samples, read_part
from functions.recordings.channels import find_layout, is_silent, separate
from functions.recordings.env import read_transcription_env
from shared.errors import ConfigurationError
from tests.support.recordings import CONTAINERS, make_recording, make_stereo_call

TIME = np.arange(20 * RATE) / RATE
SPEECH = np.sin(2 * np.pi * 220 * TIME) * 8000
ANN = (TIME % 4 < 1.8).astype(float)
BOB = (TIME % 4 > 2).astype(float)
HUM = np.random.default_rng(7).normal(0, 8, len(TIME))


def channel(signal: np.ndarray) -> Samples:
    return signal.astype(np.int16)


@pytest.mark.parametrize(
    ("left", "right", "layout"),
    [
        (ANN, BOB, "apart"),
        (ANN + BOB * 0.1, BOB + ANN * 0.1, "apart"),  # a leak of -20 dB
        (np.maximum(ANN, TIME % 4 > 3.5), np.maximum(BOB, TIME % 8 < 0.9), "apart"),  # both at once
        (ANN * 0.05, BOB, "apart"),  # one is quiet
        (ANN + BOB, ANN + BOB, "mixed"),
        (ANN + BOB * 0.5, BOB + ANN * 0.5, "mixed"),  # a microphone for each in one room
        (ANN + BOB, (ANN + BOB) * 0, None),
        (ANN * 0, ANN * 0, None),
    ],
)
def test_people_on_two_channels(left: np.ndarray, right: np.ndarray, layout: str | None) -> None:
    channels = (channel(SPEECH * left), channel(SPEECH * right))
    assert find_layout(channels) == layout
    assert find_layout(channels[::-1]) == layout
    noisy = (channel(SPEECH * left + HUM), channel(SPEECH * right + HUM[::-1]))
    assert find_layout(noisy) == layout


def test_each_channel_is_rid_of_the_other_one() -> None:
    left, right = channel(SPEECH * (ANN + BOB * 0.1)), channel(SPEECH * (BOB + ANN * 0.01))
    ann, bob = separate([left, right])
    for own, given, speaks in ((ann, left, ANN), (bob, right, BOB)):
        assert np.array_equal(own[speaks > 0], given[speaks > 0])
        assert np.count_nonzero(own[speaks == 0]) < np.count_nonzero(given[speaks == 0]) / 2
    assert is_silent(separate([left, channel(SPEECH * ANN * 0.01)])[1])


def test_one_channel_is_shared_by_all() -> None:
    assert find_layout([channel(SPEECH)]) == "mixed"
    assert is_silent(channel(HUM))
    assert not is_silent(channel(SPEECH))
    assert is_silent(channel(SPEECH)[:10])


@pytest.mark.parametrize("ending", sorted(CONTAINERS))
def test_both_channels_are_read(ending: str) -> None:
    part = read_part(io.BytesIO(make_stereo_call(6, 2, ending=ending)), 0, 60)
    assert len(part.channels) == 2
    assert find_layout(part.channels) == "apart"
    assert len(part.samples) == len(part.channels[0])
    mono = read_part(io.BytesIO(make_recording(ending, 3)), 0, 60)
    assert len(mono.channels) == 1


def test_the_names_of_channels_are_a_setting() -> None:
    def names(text: str) -> tuple[str, ...]:
        return read_transcription_env({"TRANSCRIPTION_CHANNELS": text}).channels

    assert names("") == ("Speaker 1", "Speaker 2")
    assert names(" Agent,  Customer ") == ("Agent", "Customer")
    assert names("mixed") == ()
    for wrong in ("Agent", "Agent, Agent", ",", "a, b, c"):
        with pytest.raises(ConfigurationError, match="two names"):
            names(wrong)
