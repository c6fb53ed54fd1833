"""Which call a message is about: by option, by the open one, or the only one there is."""

from typing import Any

from backend.chat.agents.agent import AgentError, Turn
from backend.chat.library import NotFoundError, recording_of
from backend.chat.transcription import transcribe


async def find_call(turn: Turn, *, needs_transcript: bool = True) -> dict[str, Any]:
    """Return the video's row with `full_text`; one with a recording only is transcribed first.

    Raises AgentError.
    """
    given = turn.message
    collection_id = turn.options.get("collection_id") or given.collection_id
    video_id = turn.options.get("video_id") or given.video_id or turn.context.get("video_id")
    if not video_id:
        video_id = await _find_only(turn, collection_id or turn.context.get("collection_id"))
    return await fetch_call(turn, video_id, collection_id, needs_transcript=needs_transcript)


async def fetch_call(
    turn: Turn, video_id: str, collection_id: str | None, *, needs_transcript: bool = True
) -> dict[str, Any]:
    """Return the video's row with `full_text`. Raises AgentError."""
    try:
        video = await turn.library.fetch_transcript(video_id, collection_id, turn.owner)
    except NotFoundError as exc:
        raise AgentError(f"The call {video_id} is not in your library.", "video_not_found") from exc
    if needs_transcript and not video["full_text"]:
        if not recording_of(video):
            raise AgentError(
                "This call has no transcript yet. Upload one: .txt, .vtt, .srt, .json or .docx.",
                "transcript_not_found",
            )
        video["full_text"] = await transcribe(turn, video)
    return video


async def _find_only(turn: Turn, collection_id: str | None) -> str:
    videos = await turn.library.list_videos(collection_id or "default", turn.owner)
    if len(videos) == 1:
        return videos[0]["id"]
    if not videos:
        raise AgentError(
            "Missing required parameters: upload a transcript first, then ask again.",
            "missing_parameters",
        )
    names = "\n".join(f"- `video_id={video['id']}` {video['name']}" for video in videos[:10])
    raise AgentError(
        f"Missing required parameters: open a call, or name it.\n\n{names}", "missing_parameters"
    )
