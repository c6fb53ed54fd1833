"""Whether the two channels of a recording are two people, each on one: then each is heard alone.

Telephone systems record the two ends of a call so. A microphone in a room puts all on both.
"""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from .audio import RATE, Samples

Layout = Literal["mixed", "apart"]

_FRAME: Final = RATE * 3 // 100
_ALONE: Final = 4.0
"""A channel is alone where it is so many times as loud as the other: by 12 dB."""
_QUIET: Final = 0.02
"""Of the loudest frame: below it there is no speech."""
_SILENT: Final = 20.0
"""Of 32,767: what a silent channel may hum."""
_MOST_TOGETHER: Final = 0.4
"""Of the frames with speech, how many both channels may share: people interrupt each other."""
_LEAST_EACH: Final = 0.02
_AROUND: Final = 10
"""Frames before and after one with speech that are kept: words begin and end quietly."""


def find_layout(channels: Sequence[Samples]) -> Layout | None:
    """Return how people are on these channels; None while only one of two has been heard."""
    if len(channels) != 2:
        return "mixed"
    left, right = (_loudness(samples) for samples in channels)
    loudest = max(left.max(initial=0.0), right.max(initial=0.0))
    if loudest < _SILENT:
        return None
    floor = max(_SILENT, loudest * _QUIET)
    speech = np.maximum(left, right) > floor
    shares = [
        float((speech & (one > other * _ALONE)).sum() / speech.sum())
        for one, other in ((left, right), (right, left))
    ]
    if sum(shares) < 1 - _MOST_TOGETHER:
        return "mixed"
    return "apart" if min(shares) >= _LEAST_EACH else None


def separate(channels: Sequence[Samples]) -> list[Samples]:
    """Return two channels without what each has of the other one: telephones hear their speaker."""
    loudness = [_loudness(samples) for samples in channels]
    found: list[Samples] = []
    for samples, own, other in zip(channels, loudness, loudness[::-1], strict=True):
        speaks = (own > _SILENT) & (own * _ALONE >= other)
        kept = np.convolve(speaks, np.ones(2 * _AROUND + 1), mode="same") > 0.5
        own_only = samples.copy()
        own_only[: len(kept) * _FRAME] *= np.repeat(kept, _FRAME)
        found.append(own_only)
    return found


def is_silent(samples: Samples) -> bool:
    """Return whether no speech can be heard."""
    return float(_loudness(samples).max(initial=0.0)) < _SILENT


def _loudness(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the root mean square of each 30 ms."""
    count = len(samples) // _FRAME
    frames = samples[: count * _FRAME].reshape(count, _FRAME).astype(np.float32)
    return np.sqrt((frames * frames).mean(axis=1))
