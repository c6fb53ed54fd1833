"""Everything that the engine knows about one conversation, gathered once for all its answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.emulator.providers.engine.core.conversation import Conversation, parse_conversation
from edge.emulator.providers.engine.core.ranking import TermWeights
from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence, Note, gather_evidence
from edge.emulator.providers.engine.drafts.sales.finding import (
    Finding,
    find_strategies,
    find_techniques,
)
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal
from edge.emulator.providers.engine.drafts.sales.objection import Objection, find_objections
from edge.emulator.providers.engine.drafts.sales.role import Roles, assign_roles
from edge.emulator.providers.engine.drafts.sales.topic import is_about_a_sale

_MOST_TECHNIQUES = 12
_MOST_STRATEGIES = 6
_MOST_OBJECTIONS = 8


@dataclass(frozen=True, slots=True)
class SalesReading:
    """A conversation and what was found in it; a talk about other things has no findings."""

    evidence: Evidence
    roles: Roles
    weights: TermWeights
    is_sale: bool
    techniques: Sequence[Finding]
    strategies: Sequence[Finding]
    objections: Sequence[Objection]

    @property
    def conversation(self) -> Conversation:
        return self.evidence.conversation

    def questions(self) -> list[Note]:
        return [note for note in self.evidence.notes if note.form.is_question]

    def commitments(self) -> list[Sentence]:
        """Statements in which somebody promises something."""
        return [
            note.sentence
            for note in self.evidence.with_signal(Signal.COMMITS)
            if not note.form.is_question
        ]

    def next_steps(self) -> list[Sentence]:
        """Commitments and arrangements, in the order in which they were made."""
        wanted = {Signal.COMMITS, Signal.NEXT_STEPS}
        return [note.sentence for note in self.evidence.notes if wanted <= note.signals]

    def said_by_buyers(self, signal: Signal) -> list[Sentence]:
        turns = self.conversation.turns
        return [
            note.sentence
            for note in self.evidence.with_signal(signal)
            if self.roles.may_buy(turns[note.sentence.turn])
        ]


def read_sales_conversation(text: str) -> SalesReading:
    """Read a transcript; everything quoted is a span of `text`."""
    evidence = gather_evidence(parse_conversation(text))
    weights = TermWeights(evidence.conversation.sentences)
    if not is_about_a_sale(evidence):
        nobody = Roles(frozenset(), frozenset())
        return SalesReading(evidence, nobody, weights, False, (), (), ())
    roles = assign_roles(evidence)
    return SalesReading(
        evidence,
        roles,
        weights,
        True,
        find_techniques(evidence, roles, _MOST_TECHNIQUES),
        find_strategies(evidence, roles, _MOST_STRATEGIES),
        find_objections(evidence, roles, _MOST_OBJECTIONS),
    )
