"""Transcription by OpenAI, or by a server that speaks its audio/transcriptions."""

import base64
from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast

import openai
from pydantic import BaseModel

from shared.errors import BadInputError, UpstreamError
from shared.llm.openai import SDK, openai_client

from .env import TranscriptionEnv

_LIMIT: Final = 25 << 20
_LONGEST_MESSAGE: Final = 300
_OURS: Final = frozenset({400, 404, 405, 413, 415, 422})


async def ask_server(
    env: TranscriptionEnv, sound: bytes, voices: Mapping[str, bytes]
) -> tuple[Mapping[str, Any], str]:
    """Return the server's JSON and the model. `voices` are WAV samples of known speakers.

    Raises BadInputError TRANSCRIPTION_REFUSED, UpstreamError PROVIDER_….
    """
    if len(sound) > _LIMIT:  # not reached by parts of ten minutes
        raise BadInputError("A part has more than 25 MB.", code="TRANSCRIPTION_REFUSED")
    create: Any = openai_client(env.provider).audio.transcriptions.create  # many overloads
    call = create(
        file=("part.ogg", sound, "audio/ogg"), model=env.model, **_options(env.model, voices)
    )
    try:
        reply = await SDK.call(call, env.provider, BaseModel)
    except UpstreamError as exc:
        _explain(env, exc)
    answer = reply.model_dump()
    return answer, str(answer.get("model") or env.model)


def _options(model: str, voices: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the richest response format that the model has."""
    if "diarize" in model:
        known: dict[str, Any] = {}
        if voices:
            known = {
                "known_speaker_names": list(voices),
                "known_speaker_references": [_as_url(each) for each in voices.values()],
            }
        return {"response_format": "diarized_json", "chunking_strategy": "auto", **known}
    if "whisper" in model:
        return {"response_format": "verbose_json", "timestamp_granularities": ["segment"]}
    return {"response_format": "json"}


def _as_url(wav: bytes) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(wav).decode()}"


def _explain(env: TranscriptionEnv, error: UpstreamError) -> NoReturn:
    """Raise what the user can mend, with the server's own words; else the error as it is."""
    cause = error.__cause__
    if not isinstance(cause, openai.APIStatusError) or cause.status_code not in _OURS:
        raise error
    body: Any = cause.body
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    words = str(fields.get("message") or cause.message)[:_LONGEST_MESSAGE]
    if cause.status_code in (404, 405):
        words += (
            f" Is {env.model} one of the server's models, and does it transcribe?"
            " TRANSCRIPTION_MODEL and TRANSCRIPTION_BASE_URL choose others."
        )
    raise BadInputError(
        f"The recording was not transcribed: {words}",
        code="TRANSCRIPTION_REFUSED",
        metadata=error.metadata,
    ) from error
