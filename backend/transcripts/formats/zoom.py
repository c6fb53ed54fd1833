"""Zoom's timeline: texts with the users who spoke."""

from typing import Any

from backend.transcripts.fields import (
    as_fields,
    first_object,
    has_objects,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a timeline, None if it is something else."""
    timeline = as_fields(document).get("timeline")
    if not has_objects(timeline, "users"):
        return None
    names = ("username", "user_name", "name", "user_id")
    return [
        Utterance(
            speaker_of(first_object(item.get("users")), names), text_of(item) or "", start_of(item)
        )
        for item in objects(timeline)
    ]
