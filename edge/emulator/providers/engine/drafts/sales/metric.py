"""Metrics of a conversation, as grades that name their counts."""

from edge.emulator.providers.engine.core.conversation import Turn
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence
from edge.emulator.providers.engine.drafts.sales.reaction import (
    Tally,
    name_level,
    score_turn,
    tally_reactions,
)
from edge.emulator.providers.engine.drafts.sales.reading import SalesReading
from edge.emulator.providers.engine.drafts.sales.role import Roles
from edge.emulator.providers.engine.schema.draft import Grade

_CLEAR_WORDS, _UNCLEAR_WORDS = 12, 36


def grade_reactions(tally: Tally) -> Grade:
    """Grade the reactions to remarks of one kind."""
    if tally.ratio is None:
        return Grade(None, "no reply was recorded", "unknown")
    reason = f"{tally.good} of {tally.total} replies were welcoming, {tally.bad} resisting"
    return Grade(tally.ratio, reason, tally.level)


def grade_engagement(reading: SalesReading) -> Grade:
    """Grade engagement: mean of the buyers' share of words (half scores 1) and welcoming turns."""
    turns = _buyer_turns(reading)
    if not reading.is_sale or not turns:
        return Grade(None, "no buyer could be told apart", "unknown")
    spoken = sum(turn.word_count for turn in reading.conversation.turns)
    share = sum(turn.word_count for turn in turns) / max(1, spoken)
    tally = tally_reactions(score_turn(reading.evidence, turn) for turn in turns)
    ratio = (min(1.0, share * 2) + (tally.ratio or 0.0)) / 2
    reason = (
        f"buyers spoke {share:.0%} of the words; {tally.good} of {tally.total} of their turns"
        f" were welcoming, {tally.bad} resisting"
    )
    return Grade(ratio, reason, name_level(ratio))


def grade_objection_handling(reading: SalesReading) -> Grade:
    """Grade objection handling: half for answering, half for the reaction to the answer."""
    objections = reading.objections
    if not objections:
        return Grade(None, "no objection was recognised", "unknown")
    answered = sum(objection.is_answered for objection in objections)
    taken = [objection.reactions.ratio for objection in objections]
    known = [ratio for ratio in taken if ratio is not None]
    welcome = sum(known) / len(known) if known else 0.0
    ratio = (answered / len(objections) + welcome) / 2
    bad = sum(objection.reactions.bad for objection in objections)
    reason = (
        f"{answered} of {len(objections)} objections were answered; {bad} answers met resistance"
    )
    return Grade(ratio, reason, name_level(ratio))


def grade_clarity(reading: SalesReading) -> Grade:
    """Grade clarity by the mean length of sellers' sentences: 12 words score 1, 36 score 0."""
    lengths = _seller_sentence_lengths(reading.evidence, reading.roles)
    if not reading.is_sale or not lengths:
        return Grade(None, "no seller could be told apart", "unknown")
    mean = sum(lengths) / len(lengths)
    ratio = min(1.0, max(0.0, (_UNCLEAR_WORDS - mean) / (_UNCLEAR_WORDS - _CLEAR_WORDS)))
    return Grade(ratio, f"sellers' sentences average {mean:.0f} words", name_level(ratio))


def _buyer_turns(reading: SalesReading) -> list[Turn]:
    buyers = reading.roles.buyers
    return [turn for turn in reading.conversation.turns if turn.speaker in buyers]


def _seller_sentence_lengths(evidence: Evidence, roles: Roles) -> list[int]:
    turns = filter(roles.may_sell, evidence.conversation.turns)
    return [len(sentence.words) for turn in turns for sentence in turn.sentences]


def grade_sentiment(reading: SalesReading) -> Grade:
    """Grade sentiment by the share of welcoming among welcoming and resisting turns."""
    turns = reading.conversation.turns
    tally = tally_reactions(score_turn(reading.evidence, turn) for turn in turns)
    if not tally.good + tally.bad:
        return Grade(0.5, "no turn was welcoming or resisting", "medium")
    ratio = tally.good / (tally.good + tally.bad)
    reason = f"{tally.good} turns were welcoming, {tally.bad} resisting"
    return Grade(ratio, reason, name_level(ratio))
