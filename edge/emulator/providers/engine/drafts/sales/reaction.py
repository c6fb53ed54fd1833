"""How the other side took a remark: read off the turn that follows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.emulator.providers.engine.core.conversation import Turn
from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal

_TELLING_ANSWER_WORDS = 14
_HIGH, _LOW = 0.67, 0.34


@dataclass(frozen=True, slots=True)
class Tally:
    """Counted reactions."""

    good: int = 0
    neutral: int = 0
    bad: int = 0

    @property
    def total(self) -> int:
        return self.good + self.neutral + self.bad

    @property
    def ratio(self) -> float | None:
        """1 when all were welcome, 0 when none; None when nobody reacted."""
        return (self.good + self.neutral / 2) / self.total if self.total else None

    @property
    def level(self) -> str:
        return name_level(self.ratio)


def name_level(ratio: float | None) -> str:
    """high, medium or low; a ratio that could not be counted is unknown."""
    if ratio is None:
        return "unknown"
    if ratio >= _HIGH:
        return "high"
    return "low" if ratio < _LOW else "medium"


def score_turn(evidence: Evidence, turn: Turn) -> int:
    """Welcoming minus resisting sentences; objections resist."""
    score = 0
    for note in evidence.of_turn(turn):
        resists = Signal.RESISTS in note.signals or bool(note.objections)
        score += (Signal.WELCOMES in note.signals) - resists
    return score


def score_reply(evidence: Evidence, sentence: Sentence) -> int | None:
    """How the reply to the sentence's turn scores; a full answer to a question is welcome."""
    reply = evidence.conversation.reply_to(sentence.turn)
    if reply is None:
        return None
    score = score_turn(evidence, reply)
    asked = evidence.of(sentence).form.is_question
    if asked and score <= 0 and reply.word_count >= _TELLING_ANSWER_WORDS:
        return 1
    return score


def tally_reactions(scores: Iterable[int | None]) -> Tally:
    """Count them; None, where nobody replied, is left out."""
    known = [score for score in scores if score is not None]
    good = sum(score > 0 for score in known)
    bad = sum(score < 0 for score in known)
    return Tally(good, len(known) - good - bad, bad)
