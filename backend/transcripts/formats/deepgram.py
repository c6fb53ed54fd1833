"""Deepgram: `results.utterances`, paragraphs or words of `results.channels`, streamed results."""

from collections.abc import Iterator
from typing import Any

from backend.transcripts.fields import (
    Fields,
    as_fields,
    clean,
    first_object,
    has_objects,
    has_speaker,
    objects,
    read_words,
    speaker_of,
    start_of,
    text_of,
)
from backend.transcripts.turns import Utterance, speaker_name
from backend.transcripts.words import Word, fill_speakers, join_words, merge_by_time


def read(document: Any) -> list[Utterance] | None:
    """Return the utterances of a Deepgram response, None if it is something else."""
    if isinstance(document, list):
        return _read_stream(objects(document))
    results = as_fields(as_fields(document).get("results"))
    channels = [c for c in objects(results.get("channels")) if has_objects(c.get("alternatives"))]
    if not channels:
        return None
    is_split = len(channels) > 1
    read = [_read_utterance(item, is_split) for item in objects(results.get("utterances"))]
    said = [utterance for utterance in read if utterance.text]
    if said and (any(each.speaker for each in said) or not _is_diarized(channels)):
        return said
    if not is_split and (paragraphs := _read_paragraphs(channels[0])):
        return paragraphs
    return _read_channels(channels)


def _read_utterance(item: Fields, is_split: bool) -> Utterance:
    speaker = speaker_of(item, ("speaker",))
    if is_split:
        channel = speaker_name(item.get("channel"))
        speaker = (
            f"{channel}, {speaker}" if channel and speaker not in (None, "Speaker 0") else channel
        )
    return Utterance(speaker, text_of(item) or "", start_of(item))


def _is_diarized(channels: list[Fields]) -> bool:
    return any(has_speaker(_words(channel), ("speaker",)) for channel in channels)


def _words(channel: Fields) -> list[Fields]:
    return objects(first_object(channel.get("alternatives")).get("words"))


def _read_paragraphs(channel: Fields) -> list[Utterance]:
    container = as_fields(first_object(channel.get("alternatives")).get("paragraphs"))
    paragraphs = objects(container.get("paragraphs"))
    if not has_speaker(paragraphs, ("speaker",)):
        return []
    return [
        Utterance(speaker_of(paragraph, ("speaker",)), text_of(sentence) or "", start_of(sentence))
        for paragraph in paragraphs
        for sentence in objects(paragraph.get("sentences"))
    ]


def _read_channels(channels: list[Fields]) -> list[Utterance]:
    is_split = len(channels) > 1
    lists = [
        list(_channel_words(channel, f"Speaker {number}" if is_split else None))
        for number, channel in enumerate(channels)
    ]
    return join_words(merge_by_time(lists))


def _channel_words(channel: Fields, speaker: str | None) -> Iterator[Word]:
    alternative = first_object(channel.get("alternatives"))
    words = read_words(objects(alternative.get("words")), ("punctuated_word", "word"), speaker)
    if words:
        yield from fill_speakers(words)
    elif isinstance(alternative.get("transcript"), str):
        yield Word(clean(alternative["transcript"]), speaker)


def _read_stream(messages: list[Fields]) -> list[Utterance] | None:
    """Read recorded messages of the live API; interim results come again as final ones."""
    channels = [
        channel
        for message in messages
        if message.get("is_final", True) and (channel := as_fields(message.get("channel")))
    ]
    if not channels or not all(has_objects(c.get("alternatives")) for c in channels):
        return None
    return join_words(word for channel in channels for word in _channel_words(channel, None))
