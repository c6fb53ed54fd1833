"""Transcription on this machine by faster-whisper, where that package is installed."""

import importlib
from functools import lru_cache
from typing import Any

import numpy as np

from shared.errors import ConfigurationError

from .audio import Samples


def ask_local(name: str, samples: Samples) -> dict[str, Any]:
    """Return {segments [{text, start, end}]}. Raises ConfigurationError without the package."""
    model = _load(name)
    sound = samples.astype(np.float32) / 32768
    found, _ = model.transcribe(sound, vad_filter=True)
    return {
        "segments": [
            {"text": each.text, "start": float(each.start), "end": float(each.end)}
            for each in found
        ]
    }


@lru_cache(maxsize=1)
def _load(name: str) -> Any:
    """Load a model by its name or folder; the first time downloads it."""
    try:
        package = importlib.import_module("faster_whisper")
    except ImportError as exc:
        raise ConfigurationError(
            "TRANSCRIPTION_MODEL names a model of faster-whisper, which is not installed: pip"
            " install faster-whisper."
        ) from exc
    return package.WhisperModel(name, compute_type="int8")
