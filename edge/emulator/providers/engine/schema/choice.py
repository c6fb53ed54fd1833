"""Choice among the enumerated values of a schema."""

import re
from collections.abc import Sequence
from typing import cast

from edge.emulator.providers.engine.schema.draft import Draft, Grade, Json, Suggester

_WORD_RANKS = {
    0.0: "none very_low lowest never very_negative poor terrible bad strongly_disagree critical",
    0.15: "low weak negative ineffective unsatisfied disagree rarely minor false no",
    0.5: "medium moderate mixed neutral average fair partial partially some sometimes unknown ok",
    0.85: "high good strong positive effective satisfied agree often major true yes",
    1.0: "very_high highest excellent outstanding very_positive always strongly_agree very_good",
}
_RANK_OF = {word: rank for rank, words in _WORD_RANKS.items() for word in words.split()}
_CATCH_ALL = ("unclear", "unknown", "other", "none", "neutral", "n/a", "unspecified")
_SEPARATORS = re.compile(r"[\s_-]+")


def choose_value(values: Sequence[Json], draft: Draft, suggester: Suggester) -> Json:
    """Return the value closest to the draft, else the one mentioned most in the text."""
    if draft in values and not isinstance(draft, Grade):
        return cast("Json", draft)
    if isinstance(draft, Grade):
        return _nearest_value(values, draft)
    wanted = _plain(draft) if isinstance(draft, str) else ""
    for value in values:
        if isinstance(value, str) and wanted and _plain(value) in {wanted, wanted.rstrip("s")}:
            return value
    return _mentioned_value(values, suggester)


def _nearest_value(values: Sequence[Json], grade: Grade) -> Json:
    if grade.ratio is None:
        return _catch_all(values)
    target = grade.ratio
    ranks = _rank_values(values)
    return min(ranks, key=lambda index_rank: abs(index_rank[1] - target))[0]


def _rank_values(values: Sequence[Json]) -> list[tuple[Json, float]]:
    """Rank values from 0 to 1: known words by meaning, numbers by size, others by position."""
    real = [value for value in values if value is not None] or list(values)
    known = [(value, _RANK_OF.get(_plain(value))) for value in real if isinstance(value, str)]
    ranked = [(value, rank) for value, rank in known if rank is not None]
    if len(ranked) > 1:
        return [(cast("Json", value), rank) for value, rank in ranked]
    numbers = [value for value in real if isinstance(value, int | float)]
    if len(numbers) == len(real):
        low, high = min(numbers), max(numbers)
        return [(value, (value - low) / ((high - low) or 1)) for value in numbers]
    return [(value, index / max(1, len(real) - 1)) for index, value in enumerate(real)]


def _mentioned_value(values: Sequence[Json], suggester: Suggester) -> Json:
    counts = [suggester.mentions(value) if isinstance(value, str) else 0 for value in values]
    if any(counts):
        return values[counts.index(max(counts))]
    return _catch_all(values)


def _catch_all(values: Sequence[Json]) -> Json:
    """Return null, else a neutral value such as `unknown`, else the middle one."""
    if None in values:
        return None
    for word in _CATCH_ALL:
        for value in values:
            if isinstance(value, str) and value.lower() == word:
                return value
    return values[len(values) // 2]


def _plain(value: str) -> str:
    return _SEPARATORS.sub("_", value.strip().lower())
