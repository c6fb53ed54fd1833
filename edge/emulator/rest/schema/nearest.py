"""The name that a client probably meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest_name(name: str, candidates: Iterable[str], *, at_least: float) -> str | None:
    """The candidate most like `name`, if the likeness (0 to 1) is `at_least` this."""
    matcher = SequenceMatcher(b=name)
    best, likeness = None, at_least
    for candidate in sorted(set(candidates)):
        matcher.set_seq1(candidate)
        if matcher.real_quick_ratio() >= likeness and matcher.ratio() >= likeness:
            best, likeness = candidate, matcher.ratio()
    return best
