"""Suggest the known name closest to an unknown one: shared n-grams, then edit distance.

Follows PostgREST's Error.hs (noRelBetweenHint), which uses the fuzzyset package.
"""

from collections.abc import Iterable
from typing import Final

_GRAM_SIZES: Final = (3, 2)
_LONGEST: Final = 500
"""Of a name that is compared: the time grows with the product of both lengths."""


def suggest_name(name: str, candidates: Iterable[str], *, at_least: float) -> str | None:
    """Return the most similar candidate if its similarity (0 to 1) is `at_least`, else None."""
    if len(name) > _LONGEST:
        return None
    known = sorted(each for each in set(candidates) if len(each) <= _LONGEST)
    for size in _GRAM_SIZES:
        wanted = _grams(name, size)
        similarity = {
            other: _similarity(name, other) for other in known if wanted & _grams(other, size)
        }
        best = max(similarity, key=lambda other: similarity[other], default=None)
        if best is not None and similarity[best] >= at_least:
            return best
    return None


def _is_compared(character: str) -> bool:
    return character.isalnum() or character in " ,"


def _grams(name: str, size: int) -> set[str]:
    padded = f"-{''.join(filter(_is_compared, name.lower()))}-"
    return {padded[start : start + size] for start in range(len(padded) - size + 1)}


def _similarity(one: str, other: str) -> float:
    return 1 - edit_distance(one.lower(), other.lower()) / max(len(one), len(other), 1)


def edit_distance(one: str, other: str) -> int:
    """Return the Levenshtein distance."""
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            replaced = previous[column - 1] + (left != right)
            current.append(min(previous[column] + 1, current[-1] + 1, replaced))
        previous = current
    return previous[-1]
