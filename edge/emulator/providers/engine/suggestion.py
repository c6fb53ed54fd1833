"""Suggestions for schema properties, taken from one source text."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from edge.emulator.providers.engine.core.source import Source
from edge.emulator.providers.engine.core.words import content_stems
from edge.emulator.providers.engine.drafts.catalog import Material, draft_object
from edge.emulator.providers.engine.drafts.sales.reading import (
    SalesReading,
)
from edge.emulator.providers.engine.property import (
    NUMBER,
    name_stems,
    property_grade,
    property_texts,
)
from edge.emulator.providers.engine.schema.draft import Draft, Grade

_MOST_NUMBERS = 8
_COUNTING = re.compile(r"(?:^|_)(?:count|total|number_of|num)(?:_|$)")


class TextSuggester:
    """Suggester of one source: every suggestion is quoted from it or counted in it."""

    def __init__(self, source: Source) -> None:
        self._material = Material(source)

    @property
    def reading(self) -> SalesReading:
        return self._material.reading

    def suggest_object(self, names: frozenset[str]) -> Mapping[str, Draft] | None:
        """Return the draft of a known shape with these property names, if any."""
        return draft_object(names, self._material)

    def suggest_texts(self, name: str) -> Sequence[str]:
        return property_texts(name, self.reading)

    def suggest_grade(self, name: str) -> Grade | None:
        return property_grade(name, self.reading)

    def suggest_numbers(self, name: str) -> Sequence[float]:
        """Return a count for names such as `question_count`, else the numbers in the text."""
        if _COUNTING.search(name):
            return [float(len(self.suggest_texts(_COUNTING.sub("_", name))))]
        found = NUMBER.findall(self._material.text)
        return list(dict.fromkeys(float(each.replace(",", "")) for each in found))[:_MOST_NUMBERS]

    def mentions(self, words: str) -> int:
        return sum(self._stem_counts[part] for part in name_stems(words))

    def find_pattern(self, pattern: str) -> str | None:
        try:
            match = re.search(pattern.removeprefix("^").removesuffix("$"), self._material.text)
        except re.error:
            return None
        return match.group() if match else None

    @cached_property
    def _stem_counts(self) -> Counter[str]:
        return Counter(content_stems(self._material.text))
