"""Draft of an answer to a question: the sentences that share most of its words."""

from typing import Final

from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.core.words import content_stems
from edge.emulator.providers.engine.drafts.sales.reading import SalesReading
from edge.emulator.providers.engine.schema.draft import Draft

REPLY_NAMES: Final = frozenset({"is_answered", "answer", "quotes"})
_MOST: Final = 3
_FEWEST_WORDS: Final = 4


def draft_reply(question: str, reading: SalesReading) -> dict[str, Draft]:
    """Draft it from sentences of the source; not answered if none shares a word."""
    wanted = set(content_stems(question))
    conversation = reading.conversation
    scored = [
        (len(wanted & set(content_stems(each.text))), each)
        for each in conversation.sentences
        if len(each.words) >= _FEWEST_WORDS
    ]
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].start))
    chosen = sorted((each for _, each in best[:_MOST]), key=lambda each: each.start)
    if not chosen:
        return {"is_answered": False, "answer": "", "quotes": []}

    def render(sentence: Sentence) -> str:
        speaker = conversation.speaker_of(sentence)
        return f"{speaker}: “{sentence.text}”" if speaker else f"“{sentence.text}”"

    return {
        "is_answered": True,
        "answer": f"In the words of the calls: {' '.join(render(each) for each in chosen)}",
        "quotes": [each.text for each in chosen],
    }
