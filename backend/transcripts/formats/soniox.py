"""Soniox: tokens, parts of words with the space before them, each with its speaker."""

from itertools import groupby
from typing import Any

from backend.transcripts.fields import as_fields, objects, speaker_of, start_of
from backend.transcripts.turns import Utterance, one_line


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a transcript of tokens, None if it is something else."""
    tokens = objects(as_fields(document).get("tokens"))
    if not any("text" in token and "start_ms" in token for token in tokens):
        return None
    said: list[Utterance] = []
    for speaker, group in groupby(tokens, key=lambda token: speaker_of(token, ("speaker",))):
        parts = list(group)
        words = "".join(str(part.get("text", "")) for part in parts)
        said.append(Utterance(speaker, one_line(words), start_of(parts[0])))
    return said
