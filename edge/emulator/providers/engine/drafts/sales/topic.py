"""Detection of sales conversations, as opposed to other talk about money."""

from collections.abc import Iterable

from edge.emulator.providers.engine.core.conversation import Turn
from edge.emulator.providers.engine.core.ranking import is_mostly_code
from edge.emulator.providers.engine.core.speaker import (
    BUYER_LABELS,
    OTHER_RELATION_LABELS,
    SELLER_LABELS,
    label_words,
)
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence, Note
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal

_FEWEST_POINTS = 4
_FEWEST_POINTS_OF_EXCHANGE = 5
_FEWEST_COMMERCIAL_SENTENCES = 2
_MOST_COMMERCIAL_POINTS = 2
_MOST_OBJECTION_POINTS = 2
_MOST_TECHNIQUE_POINTS = 2
_ROLE_LABEL_POINTS = 2
_COMPANY_WORDS = frozenset(["we", "us", "our", "ours", "we're", "we'd", "we've"])
_ADDRESS = frozenset(("you", "your"))
_OFFER_WORDS = frozenset(["that", "that's", "this", "it", "it's", "you", "you're", "your"])


def is_about_a_sale(evidence: Evidence) -> bool:
    """True for seller and buyer labels, enough commercial talk, or one handled objection."""
    if is_mostly_code(evidence.conversation.sentences):
        return False
    labels = {word for name in evidence.conversation.speakers for word in label_words(name)}
    roles = bool(labels & SELLER_LABELS) + bool(labels & BUYER_LABELS)
    if roles:
        return _count_points(evidence) + roles * _ROLE_LABEL_POINTS >= _FEWEST_POINTS
    if labels & OTHER_RELATION_LABELS:
        return False
    return _trades_at_length(evidence) or _handles_an_objection(evidence)


def _count_points(evidence: Evidence) -> int:
    """Count distinct commercial sentences and up to two objections."""
    commercial = evidence.with_signal(Signal.COMMERCIAL)
    words = {word for note in commercial for word in note.sentence.words}
    objections = sum(1 for note in evidence.notes if note.objections)
    return min(len(commercial), len(words)) + min(objections, _MOST_OBJECTION_POINTS)


def _trades_at_length(evidence: Evidence) -> bool:
    """True for enough commercial sentences with vocabulary of trade and an offer.

    Private talk about prices mentions no vendors and contains no offer.
    """
    return (
        len(evidence.with_signal(Signal.COMMERCIAL)) >= _FEWEST_COMMERCIAL_SENTENCES
        and bool(evidence.with_signal(Signal.TRADE))
        and any(_offers(note) for note in evidence.notes)
        and _count_points(evidence) >= _FEWEST_POINTS
    )


def _handles_an_objection(evidence: Evidence) -> bool:
    """True if the turn before or after an objection sells; decides short exchanges."""
    shared = min(len(evidence.with_signal(Signal.COMMERCIAL)), _MOST_COMMERCIAL_POINTS)
    shared += bool(evidence.with_signal(Signal.TRADE))
    return any(
        _weigh_exchange(evidence, turn) + shared >= _FEWEST_POINTS_OF_EXCHANGE
        for turn in evidence.conversation.turns
    )


def _weigh_exchange(evidence: Evidence, turn: Turn) -> int:
    """Score the objection in `turn` and the turns around it as part of a sale."""
    objections = [note for note in evidence.of_turn(turn) if note.objections]
    other = [note for each in _turns_around(evidence, turn) for note in evidence.of_turn(each)]
    if not objections or not any(_offers(note) or _asks_about_trade(note) for note in other):
        return 0
    words = {word for note in objections for word in note.sentence.words}
    return 1 + bool(words & _COMPANY_WORDS) + bool(words & _OFFER_WORDS) + _count_selling(other)


def _turns_around(evidence: Evidence, turn: Turn) -> list[Turn]:
    conversation = evidence.conversation
    before = conversation.turns[turn.index - 1] if turn.index else None
    reply = conversation.reply_to(turn.index)
    is_answered = before is not None and conversation.reply_to(before.index) is turn
    return [each for each in (before if is_answered else None, reply) if each]


def _count_selling(notes: Iterable[Note]) -> int:
    """Score seller-like speech with 1 and selling techniques with 1 each, up to 2."""
    notes = list(notes)
    speaks = any(Signal.SELLER_VOICE in note.signals for note in notes)
    techniques = {each.key for note in notes for each in note.techniques if each.is_selling}
    return speaks + min(len(techniques), _MOST_TECHNIQUE_POINTS)


def _offers(note: Note) -> bool:
    is_selling = any(technique.is_selling for technique in note.techniques)
    return is_selling or Signal.SELLER_VOICE in note.signals


def _asks_about_trade(note: Note) -> bool:
    """True for questions about trade, or about costs if they address the other person."""
    if not note.form.is_question:
        return False
    is_personal = not _ADDRESS.isdisjoint(note.sentence.words)
    return Signal.TRADE in note.signals or (is_personal and Signal.COMMERCIAL in note.signals)
