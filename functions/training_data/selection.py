"""Selection of examples: complete, grounded, without personal data, different, of several types."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from .examples import Example
from .privacy import Redactor
from .sources import Sources
from .transcript import Turn

_GROUNDED: Final = 0.6
_SIMILAR: Final = 0.92
_SHARE_OF_TYPE: Final = 0.4
_MOST_SPEAKERS: Final = 100
_WORD: Final = re.compile(r"\w+")
_PLACEHOLDER: Final = re.compile(r"\[[A-Z]+_\d+\]")


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of the chosen examples; `dropped` counts the others by reason, `pii` replacements."""

    rows: list[dict[str, Any]]
    dropped: dict[str, int]
    pii: dict[str, int]


def select(
    turns: Sequence[Turn], candidates: Sequence[Example], most: int, sources: Sources
) -> Selection:
    """Choose up to `most` examples, at most two of five of one type unless there are no others."""
    dropped: Counter[str] = Counter(
        dict.fromkeys(("incomplete", "ungrounded", "pii_only", "duplicate", "over_quota"), 0)
    )
    speakers = Counter(turn.speaker for turn in turns)
    redactor = Redactor([name for name, _ in speakers.most_common(_MOST_SPEAKERS)])
    vocabulary = [set(_words(turn.text)) for turn in turns]
    kept: list[dict[str, Any]] = []
    for example in candidates:
        score = _grounding(example.output, vocabulary)
        reason, row = _check(example, score, redactor, kept)
        if reason:
            dropped[reason] += 1
        else:
            kept.append({**row, "chunk_ids": sources.find(example.output)})
    chosen = _diversify(kept, most)
    dropped["over_quota"] = len(kept) - len(chosen)
    return Selection(chosen, dict(dropped), dict(redactor.found))


def _check(
    example: Example, score: float, redactor: Redactor, kept: Sequence[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    given = {"input": example.input.strip(), "output": example.output.strip()}
    if not all(_words(text) for text in given.values()):
        return "incomplete", {}
    if _words(given["input"]) == _words(given["output"]):
        return "duplicate", {}  # the seller is not taught to repeat the customer
    if score < _GROUNDED:
        return "ungrounded", {}
    row = {key: redactor.redact(text) for key, text in given.items()}
    if not all(_words(_PLACEHOLDER.sub("", text)) for text in row.values()):
        return "pii_only", {}
    if any(_is_similar(row, other) for other in kept):
        return "duplicate", {}
    context = redactor.redact(example.context.strip())
    return "", {**row, "type": example.type, "context": context, "quality": round(score, 2)}


def _grounding(output: str, vocabulary: Sequence[set[str]]) -> float:
    """Return the largest share of the output's words that two neighbouring turns contain."""
    words = _words(output)
    if not words:
        return 0.0
    pairs = zip(vocabulary, [*vocabulary[1:], set[str]()], strict=True)
    return max(
        (
            sum(word in first or word in second for word in words) / len(words)
            for first, second in pairs
        ),
        default=0.0,
    )


def _is_similar(row: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = (f"{each['input']} {each['output']}".casefold() for each in (row, other))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return (
        matcher.real_quick_ratio() > _SIMILAR
        and matcher.quick_ratio() > _SIMILAR
        and matcher.ratio() > _SIMILAR
    )


def _diversify(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return the first `most` rows, those beyond a type's share only if there are no others."""
    limit = max(1, int(min(most, len(rows)) * _SHARE_OF_TYPE))
    counts: Counter[str] = Counter()
    first: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for row in rows:
        counts[row["type"]] += 1
        (first if counts[row["type"]] <= limit else rest).append(row)
    fewest = min(5, most)
    return [*first, *rest[: max(0, fewest - len(first))]][:most]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
