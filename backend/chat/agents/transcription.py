"""@transcription: writes down what is said in a recording, with speakers and times."""

from collections.abc import Mapping
from typing import ClassVar, Final

from backend.chat.agents.agent import Agent, Turn
from backend.chat.agents.calls import find_call
from backend.chat.transcription import transcribe

_LONGEST_SHOWN: Final = 20_000


class Transcription(Agent):
    """Transcribes once; afterwards it shows the stored transcript."""

    name = "transcription"
    description = "Transcribes the recording of a call, or shows its transcript."
    parameters: ClassVar[Mapping[str, str]] = {
        "video_id": "The call; by default the one that is open.",
        "collection_id": "The collection of the call.",
    }

    async def run(self, turn: Turn) -> None:
        """Find the call, transcribe it if need be, show the text."""
        video = await find_call(turn, needs_transcript=False)
        text = video["full_text"] or await transcribe(turn, video)
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
        turn.output.text = "## Transcript\n\n" + "\n\n".join(shown.split("\n"))
        turn.output.extra["transcript"] = {"video_id": video["video_id"], "characters": len(text)}
        turn.context["video_id"] = video["video_id"]
        turn.context["collection_id"] = video["collection_id"]
