"""Choice of a draft by the property names of the JSON schema to be filled."""

from collections.abc import Mapping
from functools import cached_property

from edge.emulator.providers.engine.core.source import Source
from edge.emulator.providers.engine.drafts.opt_out import OPT_OUT_NAMES, draft_opt_out
from edge.emulator.providers.engine.drafts.reply import REPLY_NAMES, draft_reply
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
from edge.emulator.providers.engine.schema.draft import Draft

_MIN_MATCHING_NAMES = 2


class Material:
    """Parsed content of a source; each part is computed on first use."""

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.slides = source.slides
        self.question = source.question
        self._document = source.document

    @cached_property
    def reading(self) -> SalesReading:
        """Findings in the text."""
        return read_sales_conversation(self.text)

    @cached_property
    def document(self) -> SalesDocument:
        """Structured data given in the request, else derived from the text."""
        given = parse_sales_document(self._document or self.text)
        return given or summarize_as_document(self.reading)


def draft_object(names: frozenset[str], material: Material) -> Mapping[str, Draft] | None:
    """Draft an object with these property names; None if they match no known shape."""
    if len(names & SALES_NAMES) >= _MIN_MATCHING_NAMES:
        return draft_sales_answer(material.reading)
    if len(names & VOICE_NAMES) >= _MIN_MATCHING_NAMES:
        return draft_voice_answer(material.document)
    if names == OPT_OUT_NAMES:
        return draft_opt_out(material.reading)
    if names == REPLY_NAMES and material.question:
        return draft_reply(material.question, material.reading)
    if names == SCRIPT_NAMES and material.slides:
        return draft_script(material.slides)
    return None
