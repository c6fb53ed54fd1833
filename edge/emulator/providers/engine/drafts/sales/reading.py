"""Reading of a sales conversation: evidence, roles and findings, computed once."""

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
    """A conversation and its findings; without a sale there are none."""

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
        """Return statements that promise something."""
        return [
            note.sentence
            for note in self.evidence.with_signal(Signal.COMMITS)
            if not note.form.is_question
        ]

    def next_steps(self) -> list[Sentence]:
        """Return commitments and arrangements in order."""
        required = {Signal.COMMITS, Signal.NEXT_STEPS}
        return [note.sentence for note in self.evidence.notes if required <= note.signals]

    def said_by_buyers(self, signal: Signal) -> list[Sentence]:
        turns = self.conversation.turns
        return [
            note.sentence
            for note in self.evidence.with_signal(signal)
            if self.roles.may_buy(turns[note.sentence.turn])
        ]


def read_sales_conversation(text: str) -> SalesReading:
    """Read a transcript; every quotation is a span of `text`."""
    evidence = gather_evidence(parse_conversation(text))
    weights = TermWeights(evidence.conversation.sentences)
    if not is_about_a_sale(evidence):
        no_roles = Roles(frozenset(), frozenset())
        return SalesReading(evidence, no_roles, weights, False, (), (), ())
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
