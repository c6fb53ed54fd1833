"""Reactions to a remark, scored from the turn that follows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.emulator.providers.engine.core.conversation import Turn
from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal

_LONG_ANSWER_WORDS = 14
_HIGH, _LOW = 0.67, 0.34


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of reactions."""

    good: int = 0
    neutral: int = 0
    bad: int = 0

    @property
    def total(self) -> int:
        return self.good + self.neutral + self.bad

    @property
    def ratio(self) -> float | None:
        """Share of welcoming reactions from 0 to 1, neutral ones half; None without reactions."""
        return (self.good + self.neutral / 2) / self.total if self.total else None

    @property
    def level(self) -> str:
        return name_level(self.ratio)


def name_level(ratio: float | None) -> str:
    """Return high, medium or low; unknown for None."""
    if ratio is None:
        return "unknown"
    if ratio >= _HIGH:
        return "high"
    return "low" if ratio < _LOW else "medium"


def score_turn(evidence: Evidence, turn: Turn) -> int:
    """Count welcoming minus resisting sentences; objections count as resisting."""
    score = 0
    for note in evidence.of_turn(turn):
        resists = Signal.RESISTS in note.signals or bool(note.objections)
        score += (Signal.WELCOMES in note.signals) - resists
    return score


def score_reply(evidence: Evidence, sentence: Sentence) -> int | None:
    """Score the reply to the sentence's turn; a long answer to a question scores 1."""
    reply = evidence.conversation.reply_to(sentence.turn)
    if reply is None:
        return None
    score = score_turn(evidence, reply)
    is_question = evidence.of(sentence).form.is_question
    if is_question and score <= 0 and reply.word_count >= _LONG_ANSWER_WORDS:
        return 1
    return score


def tally_reactions(scores: Iterable[int | None]) -> Tally:
    """Count the scores, ignoring None (no reply)."""
    known = [score for score in scores if score is not None]
    good = sum(score > 0 for score in known)
    bad = sum(score < 0 for score in known)
    return Tally(good, len(known) - good - bad, bad)
