"""faster-whisper is asked as its documentation says; without it the cure is named."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from functions.recordings import local
from shared.errors import ConfigurationError


class PlayedWhisper:
    """The part of faster_whisper.WhisperModel that is used."""

    def __init__(self, name: str, **options: Any) -> None:
        assert (name, options) == ("small", {"compute_type": "int8"})

    def transcribe(self, sound: np.ndarray, **options: Any) -> tuple[Any, Any]:
        assert sound.dtype == np.float32
        assert float(np.abs(sound).max()) <= 1.0
        assert options == {"vad_filter": True}
        segments = [SimpleNamespace(text=" Hi.", start=np.float64(0.5), end=1.0)]
        return iter(segments), SimpleNamespace(language="en")


def test_segments_of_faster_whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    local._load.cache_clear()
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=PlayedWhisper))
    found = local.ask_local("small", np.full(16_000, -32768, np.int16))
    assert found == {"segments": [{"text": " Hi.", "start": 0.5, "end": 1.0}]}
    local._load.cache_clear()


def test_without_the_package_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    local._load.cache_clear()
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ConfigurationError, match="pip install faster-whisper"):
        local.ask_local("small", np.zeros(16_000, np.int16))
