"""Servers with other models: what they can answer with is asked for."""

import io
from pathlib import Path

import pytest

from functions.recordings.audio import encode, read_part
from functions.recordings.env import TranscriptionEnv
from functions.recordings.segments import read_answer
from functions.recordings.server import ask_server
from shared.errors import BadInputError
from shared.llm.env import ProviderEnv
from shared.llm.openai import openai_client
from tests.conftest import RunningStack
from tests.support.recordings import LYRICS, make_recording


async def test_models_answer_in_their_own_formats(stack: RunningStack, tmp_path: Path) -> None:
    path = tmp_path / "call.flac"
    path.write_bytes(make_recording("flac", 14))
    part = read_part(io.BytesIO(path.read_bytes()), 0, 60)
    sound = encode(part.samples, {"lyrics": LYRICS, "start": "0.000"})
    provider = ProviderEnv("local", f"{stack.url}/providers/openai/v1", 30)
    found = {}
    try:
        for model in ("gpt-4o-transcribe-diarize", "whisper-1", "gpt-4o-transcribe"):
            env = TranscriptionEnv(provider, model, "", False)
            answer, by = await ask_server(env, sound, {})
            assert by == "local-tags"
            found[model] = read_answer(answer, 0, part.end)
        with pytest.raises(BadInputError, match="TRANSCRIPTION_MODEL") as refused:
            await ask_server(TranscriptionEnv(provider, "chat-1", "", False), sound, {})
        assert refused.value.code == "TRANSCRIPTION_REFUSED"
    finally:
        await openai_client(provider).close()
        openai_client.cache_clear()
    diarized, timed, plain = found.values()
    assert [each.speaker for each in diarized] == ["Ann", "Bob", "Ann"]
    assert [(each.speaker, each.start) for each in timed] == [(None, 1.0), (None, 5.0), (None, 9.0)]
    assert [each.text for each in timed] == [each.text for each in diarized]
    assert [each.text for each in plain] == [" ".join(each.text for each in timed)]
