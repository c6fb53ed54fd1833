"""The bridge from a source text to a schema: reads the text once and answers by property name."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from edge.emulator.providers.engine.core.source import Source
from edge.emulator.providers.engine.core.words import content_stems
from edge.emulator.providers.engine.drafts.sales.document import SalesDocument, parse_sales_document
from edge.emulator.providers.engine.drafts.sales.draft import (
    SALES_NAMES,
    draft_sales_answer,
    summarize_as_document,
)
from edge.emulator.providers.engine.drafts.sales.reading import (
    SalesReading,
    read_sales_conversation,
)
from edge.emulator.providers.engine.drafts.talk_track import SCRIPT_NAMES, draft_script
from edge.emulator.providers.engine.drafts.voice import VOICE_NAMES, draft_voice_answer
from edge.emulator.providers.engine.property import (
    NUMBER,
    name_stems,
    offer_grade,
    offer_texts,
)
from edge.emulator.providers.engine.schema.draft import Draft, Grade

_FEWEST_KNOWN_NAMES = 2
_MOST_NUMBERS = 8
_COUNTING = re.compile(r"(?:^|_)(?:count|total|number_of|num)(?:_|$)")


class TextSuggester:
    """Whatever it offers is taken from the source or counted in it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @cached_property
    def reading(self) -> SalesReading:
        return read_sales_conversation(self._source.text)

    def suggest_object(self, names: frozenset[str]) -> Mapping[str, Draft] | None:
        """A draft for the product's own schemas, recognised by their property names."""
        if len(names & SALES_NAMES) >= _FEWEST_KNOWN_NAMES:
            return draft_sales_answer(self.reading)
        if len(names & VOICE_NAMES) >= _FEWEST_KNOWN_NAMES:
            return draft_voice_answer(self._document)
        if names == SCRIPT_NAMES and self._source.slides:
            return draft_script(self._source.slides)
        return None

    def suggest_texts(self, name: str) -> Sequence[str]:
        return offer_texts(name, self.reading)

    def suggest_grade(self, name: str) -> Grade | None:
        return offer_grade(name, self.reading)

    def suggest_numbers(self, name: str) -> Sequence[float]:
        """A count for names that ask how many, else the numbers of the text."""
        if _COUNTING.search(name):
            return [float(len(self.suggest_texts(_COUNTING.sub("_", name))))]
        found = NUMBER.findall(self._source.text)
        return list(dict.fromkeys(float(each.replace(",", "")) for each in found))[:_MOST_NUMBERS]

    def mentions(self, words: str) -> int:
        return sum(self._stem_counts[part] for part in name_stems(words))

    def find_pattern(self, pattern: str) -> str | None:
        try:
            match = re.search(pattern.removeprefix("^").removesuffix("$"), self._source.text)
        except re.error:
            return None
        return match.group() if match else None

    @cached_property
    def _stem_counts(self) -> Counter[str]:
        return Counter(content_stems(self._source.text))

    @cached_property
    def _document(self) -> SalesDocument:
        """The structured data that came with the request, else what the text itself yields."""
        given = parse_sales_document(self._source.document or self._source.text)
        return given or summarize_as_document(self.reading)
