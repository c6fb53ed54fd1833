"""A text with a speaker's label at the beginning of its lines, as a field of a JSON document."""

import html

from backend.transcripts.labels import accept_labels, split_labelled
from backend.transcripts.turns import Utterance, one_line, speaker_name


def read_labelled(text: str) -> list[Utterance]:
    """Return the utterances of `Agent: …` lines; lines without labels stay as they are."""
    lines = [one_line(html.unescape(line)) for line in text.splitlines()]
    accepted = accept_labels(lines)
    if not accepted:
        return [Utterance(None, line) for line in lines if line]
    said = split_labelled(lines, accepted)
    return [Utterance(speaker_name(each.speaker), each.text) for each in said]
