"""Checks of what was read, so that a wrong reading does not look like a right one."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from backend.transcripts.turns import Utterance

_TIMING: Final = re.compile(r"-->|\d{1,2}:\d{2}(?::\d{2})?[.,]\d{1,3}|\d{1,2}:\d{2}:\d{2}")
_CLOCK: Final = re.compile(r"[\[(]?\d{1,2}:\d{2}[\])]?[.,;]?")
_TOKEN: Final = re.compile(r"\S+")
_MARKUP: Final = re.compile(
    r"</?(?:c|i|b|u|v|p|br|div|font|span|lang)(?:[ .][^<>]{0,40})?>|<\d{1,2}:[\d:.]+>"
    r"|\{\\\w+\}|&(?:amp|lt|gt|quot|nbsp|#\d+);|\"\w+\":"
)
_MOJIBAKE: Final = re.compile(
    "\ufffd|Ã[\u0080-\u00bf¡-¿]|â€[\u0080-\u00bf™œ\u009d]?|ã[\u0080-\u0083]"
)
_FEWEST_WORDS: Final = 40
_ONE_SPEAKER_SHARE: Final = 0.95
_NUMBER_SHARE: Final = 0.2
_CLOCK_SHARE: Final = 0.1  # "at 5:30" is speech
_TIMING_SHARE: Final = 0.01
_REPEATED_SHARE: Final = 0.3
_FEWEST_LINES: Final = 6


def check(utterances: Sequence[Utterance], has_speakers_in_file: bool = False) -> list[str]:
    """Return warnings about speakers, timing-like words, markup, repetitions and characters."""
    text = "\n".join(utterance.text for utterance in utterances)
    return [*_check_speakers(utterances, has_speakers_in_file), *_check_words(text, utterances)]


def check_text(text: str) -> list[str]:
    """Return warnings about a text that was taken as it is."""
    return _check_words(text, [Utterance(None, line) for line in text.split("\n") if line.strip()])


def _check_speakers(utterances: Sequence[Utterance], has_speakers_in_file: bool) -> list[str]:
    counts: Counter[str | None] = Counter()
    for utterance in utterances:
        counts[utterance.speaker] += len(_words(utterance.text))
    named = [name for name in counts if name]
    total = sum(counts.values())
    if not named:
        if has_speakers_in_file:
            return ["The file names speakers, but they could not be read: the text has none."]
        return ["No speakers are named, so who said what is not known."]
    warnings: list[str] = []
    if counts[None] and len(named) > 0 and counts[None] > total * (1 - _ONE_SPEAKER_SHARE):
        warnings.append(f"{counts[None] / total:.0%} of the words have no speaker.")
    name, count = max(counts.items(), key=lambda each: each[1])
    if len(named) == 1 and total:
        warnings.append(f"Only one speaker is named: {named[0]}.")
    elif name and total >= _FEWEST_WORDS and count > total * _ONE_SPEAKER_SHARE:
        warnings.append(f"{name} says {count / total:.0%} of all words.")
    odd = [each for each in named if _TIMING.search(each) or not re.search(r"[^\W_]", each)]
    return warnings + [f"“{each}” is no speaker's name." for each in odd[:1]]


def _check_words(text: str, utterances: Sequence[Utterance]) -> list[str]:
    tokens = _TOKEN.findall(text)
    warnings: list[str] = []
    timings = sum(bool(_TIMING.search(token)) for token in tokens)
    clocks = sum(bool(_CLOCK.fullmatch(token)) for token in tokens)
    if clocks > max(2, len(tokens) * _CLOCK_SHARE):
        timings += clocks
    if timings > max(1, len(tokens) * _TIMING_SHARE):
        warnings.append(f"{timings} of {len(tokens)} words look like timings, not speech.")
    numbers = sum(token.strip(".,:;-").isdecimal() for token in tokens)
    if numbers > max(2, len(tokens) * _NUMBER_SHARE):
        warnings.append(f"{numbers} of {len(tokens)} words are bare numbers.")
    if found := _MARKUP.search(text):
        warnings.append(f"Markup is left in the text: {found.group()}")
    if _MOJIBAKE.search(text):
        warnings.append("Some characters look wrongly decoded; save the file as UTF-8.")
    repeated = sum(a.text == b.text for a, b in pairwise(utterances))
    if len(utterances) >= _FEWEST_LINES and repeated > len(utterances) * _REPEATED_SHARE:
        warnings.append(f"{repeated} of {len(utterances)} lines repeat the one before.")
    return warnings


def _words(text: str) -> list[str]:
    """Return words; of scripts without spaces, pairs of characters."""
    return re.findall(r"[\u3040-\u9fff]{1,2}|[^\W_\u3040-\u9fff]+", text)
