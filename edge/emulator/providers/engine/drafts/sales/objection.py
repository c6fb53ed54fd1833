"""Objections of buyers, the responses to them and the reactions to those."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.emulator.providers.engine.core.conversation import Turn
from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence, Note
from edge.emulator.providers.engine.drafts.sales.lexicon import Entry
from edge.emulator.providers.engine.drafts.sales.reaction import Tally, score_turn, tally_reactions
from edge.emulator.providers.engine.drafts.sales.role import Roles

_MOST_RESPONSE_SENTENCES = 3
_MOST_EXAMPLES = 3
_MOST_OF_ONE_KIND = 3


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection; `text`, `response` ("" if unanswered) and `examples` are verbatim."""

    entry: Entry
    text: str
    response: str
    examples: tuple[str, ...]
    reactions: Tally

    @property
    def is_answered(self) -> bool:
        return bool(self.response)


def find_objections(evidence: Evidence, roles: Roles, limit: int) -> list[Objection]:
    """Find objections in order, one for each turn and kind."""
    found: list[Objection] = []
    seen_texts: set[str] = set()
    for turn in filter(roles.may_buy, evidence.conversation.turns):
        for entry, notes in _group_by_kind(evidence, turn):
            same_kind = sum(objection.entry == entry for objection in found)
            phrase = notes[0].sentence.phrase
            if phrase in seen_texts or same_kind == _MOST_OF_ONE_KIND:
                continue
            seen_texts.add(phrase)
            found.append(_build_objection(evidence, turn, entry, notes))
    return found[:limit]


def _group_by_kind(evidence: Evidence, turn: Turn) -> Iterator[tuple[Entry, list[Note]]]:
    """Group objecting sentences by their first kind."""
    kinds: dict[Entry, list[Note]] = {}
    for note in evidence.of_turn(turn):
        if note.objections:
            kinds.setdefault(note.objections[0], []).append(note)
    yield from kinds.items()


def _build_objection(
    evidence: Evidence, turn: Turn, entry: Entry, notes: Sequence[Note]
) -> Objection:
    sentences = [note.sentence for note in notes]
    answer = _find_answer(evidence, turn, sentences[-1])
    response = evidence.conversation.quote(answer) if answer else ""
    return Objection(
        entry,
        sentences[0].text,
        response,
        tuple(sentence.text for sentence in sentences[:_MOST_EXAMPLES]),
        tally_reactions([_score_after(evidence, answer[0])] if answer else []),
    )


def _find_answer(evidence: Evidence, turn: Turn, objection: Sentence) -> Sequence[Sentence]:
    """Return the next speaker's sentences; without speakers, the following ones."""
    conversation = evidence.conversation
    if turn.speaker is None:
        rest = [each for each in turn.sentences if each.start > objection.start]
        if rest:
            return rest[:_MOST_RESPONSE_SENTENCES]
    reply = conversation.reply_to(turn.index)
    return reply.sentences[:_MOST_RESPONSE_SENTENCES] if reply else ()


def _score_after(evidence: Evidence, answer: Sentence) -> int | None:
    reaction = evidence.conversation.reply_to(answer.turn)
    return score_turn(evidence, reaction) if reaction else None
