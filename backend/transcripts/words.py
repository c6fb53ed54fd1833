"""Joining of single words, as recognisers return them, to utterances."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from backend.transcripts.turns import Utterance, join_texts, one_line

_SENTENCE_END: Final = re.compile(r"[.!?…。！？][\"'”’」』)]*$")
_ATTACHED: Final = re.compile(r"[.,!?;:…%)\]}。、，！？；：」』]+")
_PAUSE_SECONDS: Final = 1.0
_SILENCES: Final = frozenset({"-", "–", "—", "…", "..."})


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `is_attached` means that no space stands before it."""

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None
    is_attached: bool = False


def join_words(words: Iterable[Word]) -> list[Utterance]:
    """Return an utterance for each run of a speaker's words; without speakers, one a sentence."""
    utterances: list[Utterance] = []
    for speaker, run in groupby(words, key=lambda word: word.speaker):
        said = list(run)
        pieces = [said] if speaker is not None else _cut_sentences(said)
        utterances.extend(_join(speaker, piece) for piece in pieces if piece)
    return [utterance for utterance in utterances if utterance.text]


def fill_speakers(words: Sequence[Word]) -> list[Word]:
    """Give a word without a speaker, such as a punctuation mark, the one of the word before."""
    filled: list[Word] = []
    speaker = next((word.speaker for word in words if word.speaker), None)
    for word in words:
        speaker = word.speaker or speaker
        filled.append(Word(word.text, speaker, word.start, word.end, word.is_attached))
    return filled


def merge_by_time(channels: Iterable[Iterable[Word]]) -> list[Word]:
    """Return the words of all channels in the order of their times, if all have one."""
    words = [word for channel in channels for word in channel]
    if any(word.start is None for word in words):
        return words
    return sorted(words, key=lambda word: word.start or 0.0)


def is_silence(text: str) -> bool:
    """True for the mark that stands for a pause in a list of words."""
    return text.strip() in _SILENCES


def _join(speaker: str | None, words: Sequence[Word]) -> Utterance:
    joined = ""
    for word in words:
        is_attached = word.is_attached or bool(_ATTACHED.fullmatch(word.text.strip()))
        joined = (
            joined + word.text if is_attached else join_texts(filter(None, (joined, word.text)))
        )
    return Utterance(speaker, one_line(joined), words[0].start)


def _cut_sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Cut after sentence ends; at pauses where nothing is punctuated."""
    is_punctuated = any(_SENTENCE_END.search(word.text) for word in words)
    pieces: list[list[Word]] = [[]]
    for position, word in enumerate(words):
        if pieces[-1] and _begins(words[position - 1], word, is_punctuated):
            pieces.append([])
        pieces[-1].append(word)
    return pieces


def _begins(before: Word, word: Word, is_punctuated: bool) -> bool:
    if is_punctuated:
        return bool(_SENTENCE_END.search(before.text)) and not word.is_attached
    if before.end is None or word.start is None:
        return False
    return word.start - before.end >= _PAUSE_SECONDS
