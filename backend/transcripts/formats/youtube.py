"""YouTube's json3 captions: events of text segments, of which some only append a line break."""

from typing import Any

from backend.transcripts.fields import as_fields, clean, has_objects, objects
from backend.transcripts.turns import Utterance


def read(document: Any) -> list[Utterance] | None:
    """Return the lines of json3 captions, None if it is something else."""
    events = as_fields(document).get("events")
    if not has_objects(events, "segs"):
        return None
    lines = (
        clean("".join(str(seg.get("utf8", "")) for seg in objects(event.get("segs"))))
        for event in objects(events)
    )
    return [Utterance(None, line.removeprefix(">>").strip()) for line in lines if line]
