"""Amazon Transcribe: audio segments, or items with speaker or channel labels."""

from collections.abc import Iterator, Mapping
from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    clean,
    first_object,
    has_objects,
    has_speaker,
    objects,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name
from backend.transcripts.words import Word, fill_speakers, join_words, merge_by_time

_SPEAKERS = ("speaker_label", "channel_label")


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a result of Amazon Transcribe, None if it is something else."""
    results = as_fields(as_fields(document).get("results"))
    if not results or not (
        has_objects(results.get("transcripts"), "transcript")
        or has_objects(results.get("items"), "alternatives")
        or has_objects(results.get("audio_segments"), "transcript")
    ):
        return None
    segments = objects(results.get("audio_segments"))
    if has_speaker(segments, _SPEAKERS):
        return [
            Utterance(speaker_of(s, _SPEAKERS), text_of(s) or "", start_of(s)) for s in segments
        ]
    items = objects(results.get("items"))
    channels = objects(as_fields(results.get("channel_labels")).get("channels"))
    speakers = _speakers_by_start(as_fields(results.get("speaker_labels")))
    if len(channels) > 1 and any(channel.get("items") for channel in channels):
        lists = (list(_read_channel(channel)) for channel in channels)
        return join_words(merge_by_time(lists))
    if speakers or has_speaker(items, _SPEAKERS):
        return join_words(fill_speakers(list(_read_items(items, speakers))))
    texts = [
        clean(t["transcript"]) for t in objects(results.get("transcripts")) if t.get("transcript")
    ]
    return [Utterance(None, text) for text in texts] or join_words(_read_items(items, {}))


def _speakers_by_start(labels: Fields) -> dict[str, str]:
    """Return the speaker of each item by its start time, as older results name them."""
    return {
        str(item["start_time"]): speaker
        for segment in objects(labels.get("segments"))
        for item in objects(segment.get("items"))
        if "start_time" in item
        and (speaker := speaker_of(item, _SPEAKERS) or speaker_of(segment, _SPEAKERS))
    }


def _read_channel(channel: Fields) -> Iterator[Word]:
    speaker = speaker_name(channel.get("channel_label"))
    time: float | None = None
    for word in _read_items(objects(channel.get("items")), {}):
        time = word.start if word.start is not None else time
        yield Word(word.text, speaker, time, word.end, word.is_attached)


def _read_items(items: list[Fields], speakers: Mapping[str, str]) -> Iterator[Word]:
    for item in items:
        text = text_of(first_object(item.get("alternatives")), ("content",))
        if text:
            speaker = speaker_of(item, _SPEAKERS) or speakers.get(str(item.get("start_time")))
            yield Word(text, speaker, start_of(item), None, item.get("type") == "punctuation")
