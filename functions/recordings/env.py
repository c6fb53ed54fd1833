"""The transcription section of the environment: OPENAI_*, or TRANSCRIPTION_* for another server."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from shared.env import environment
from shared.errors import ConfigurationError
from shared.llm.env import ProviderEnv, read_openai_env

_MODEL: Final = "gpt-4o-transcribe-diarize"
_LOCAL: Final = "faster-whisper/"
_CHANNELS: Final = ("Speaker 1", "Speaker 2")
_MIXED: Final = "mixed"
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class TranscriptionEnv:
    """The server and its model; `local_model` is one of faster-whisper, "" for a server's.

    `channels` name the people on the two channels of a call; none are there where both channels are
    to be heard as one.
    """

    provider: ProviderEnv
    model: str
    local_model: str
    allows_private: bool
    channels: tuple[str, ...] = _CHANNELS


@cache
def transcription_env() -> TranscriptionEnv:
    """Return the settings of this process."""
    return read_transcription_env(environment())


def read_transcription_env(values: Mapping[str, str]) -> TranscriptionEnv:
    """Parse the variables. Raises ConfigurationError."""
    provider = read_openai_env(values).provider
    if base_url := values.get("TRANSCRIPTION_BASE_URL"):
        key = values.get("TRANSCRIPTION_API_KEY") or "none"
        provider = replace(provider, api_key=key, base_url=base_url)
    elif key := values.get("TRANSCRIPTION_API_KEY"):
        provider = replace(provider, api_key=key, base_url=None)  # OpenAI's own
    model = values.get("TRANSCRIPTION_MODEL") or (
        "whisper-1" if values.get("TRANSCRIPTION_BASE_URL") else _MODEL
    )
    return TranscriptionEnv(
        provider=provider,
        model=model,
        local_model=model.removeprefix(_LOCAL) if model.startswith(_LOCAL) else "",
        allows_private=values.get("RECORDINGS_ALLOW_PRIVATE") == "true",
        channels=_read_channels(values.get("TRANSCRIPTION_CHANNELS", "")),
    )


def _read_channels(text: str) -> tuple[str, ...]:
    """Parse `Agent, Customer`, left and right, or `mixed`."""
    if not text.strip():
        return _CHANNELS
    if text.strip().lower() == _MIXED:
        return ()
    names = tuple(" ".join(name.split())[:_LONGEST_NAME] for name in text.split(","))
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise ConfigurationError(
            "TRANSCRIPTION_CHANNELS must be two names, of the left and the right channel, such as"
            " `Agent, Customer`; or `mixed`."
        )
    return names
