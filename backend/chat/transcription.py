"""Transcription of a stored recording, part by part, each a stage of the run."""

from collections.abc import Mapping
from typing import Any, Final

from backend.chat.agents.agent import AgentError, Turn
from backend.chat.functions import FunctionError
from backend.chat.library import metadata_of, recording_of
from backend.transcripts.turns import Utterance, list_times, render_turns

TRANSCRIBED: Final = "transcribed_"
"""How the names of stages begin whose results are parts of a recording, by its id and second."""
STORED: Final = "transcript_stored_"
_MOST_TIMES: Final = 5_000


async def transcribe(turn: Turn, video: Mapping[str, Any]) -> str:
    """Transcribe the video's recording, store the transcript, and return it.

    A run that was interrupted goes on after its last part. Raises AgentError.
    """
    if recording_of(video) is None:
        raise AgentError(
            "This call has neither a transcript nor a recording. Upload one.", "no_recording"
        )
    said: list[Utterance] = []
    start: float | None = 0.0
    known: dict[str, Any] = {"speakers": []}
    model = ""
    while start is not None:
        part = await _transcribe_part(turn, video, start, known)
        said += [
            Utterance(each.get("speaker"), str(each["text"]), float(each["start"]))
            for each in part["segments"]
        ]
        start, model = part["next"], str(part["model"])
        known = {"speakers": part["speakers"], "channels": part.get("channels")}
    spoken = [each for each in said if each.text]
    text = render_turns(spoken).strip()
    if not text:
        raise AgentError("There is no speech in this recording.", "no_speech")
    metadata = {
        "transcription_model": model,
        "times": list_times(spoken)[:_MOST_TIMES],
        "format": "transcription",
    }
    await _store(turn, video, text, metadata)
    return text


async def _transcribe_part(
    turn: Turn, video: Mapping[str, Any], start: float, known: Mapping[str, Any]
) -> Mapping[str, Any]:
    async def ask() -> Mapping[str, Any]:
        path = recording_of(video)
        body = {"action": "transcribe", "path": path, "start": start, **known}
        try:
            return await turn.functions.call("recordings", body, request_id=turn.request_id)
        except FunctionError as exc:
            raise AgentError(f"The transcription stopped: {exc}", "transcription_failed") from exc

    length = float(metadata_of(video).get("length") or 0)
    at = f" from {_clock(start)} of {_clock(length)}" if length else f" from {_clock(start)}"
    name = f"{TRANSCRIBED}{video['id']}_from_{start:.0f}"
    return await turn.stage(name, f"Transcribing{at}", ask)


async def _store(
    turn: Turn, video: Mapping[str, Any], text: str, metadata: Mapping[str, Any]
) -> None:
    async def store() -> Mapping[str, Any]:
        body = {
            "collection_id": video["collection_id"],
            "video_id": video["video_id"],
            "transcript": text,
            "metadata": metadata,
        }
        try:
            return await turn.functions.call("process-transcript", body, request_id=turn.request_id)
        except FunctionError as exc:
            raise AgentError(f"The transcript was not stored: {exc}", "storing_failed") from exc

    await turn.stage(f"{STORED}{video['id']}", "Storing the transcript", store)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
