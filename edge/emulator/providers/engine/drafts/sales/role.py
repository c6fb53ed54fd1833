"""Roles of the speakers: sellers and buyers."""

from dataclasses import dataclass

from edge.emulator.providers.engine.core.conversation import Turn
from edge.emulator.providers.engine.core.speaker import BUYER_LABELS, SELLER_LABELS, label_words
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal

_SECOND_SELLER_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of sellers and buyers; both empty if they cannot be distinguished."""

    sellers: frozenset[str]
    buyers: frozenset[str]

    def may_sell(self, turn: Turn) -> bool:
        return not self.sellers or turn.speaker in self.sellers

    def may_buy(self, turn: Turn) -> bool:
        return not self.buyers or turn.speaker in self.buyers


def assign_roles(evidence: Evidence) -> Roles:
    """Assign roles by speaker labels, else by seller-like speech."""
    speakers = evidence.conversation.speakers
    named = _roles_by_label(speakers)
    if named.sellers or named.buyers:
        return named
    leanings = _lean_by_speech(evidence)
    if len(leanings) < len(("seller", "buyer")) or not any(leanings.values()):
        return Roles(frozenset(), frozenset())
    return _split_by_leaning(leanings)


def _roles_by_label(speakers: tuple[str, ...]) -> Roles:
    sellers = {name for name in speakers if label_words(name) & SELLER_LABELS}
    buyers = {name for name in speakers if label_words(name) & BUYER_LABELS} - sellers
    rest = set(speakers) - sellers - buyers
    if sellers and not buyers:
        buyers = rest
    elif buyers and not sellers:
        sellers = rest
    return Roles(frozenset(sellers), frozenset(buyers))


def _lean_by_speech(evidence: Evidence) -> dict[str, float]:
    """Count seller-like minus buyer-like sentences by speaker."""
    leanings = dict.fromkeys(evidence.conversation.speakers, 0.0)
    for turn in evidence.conversation.turns:
        if turn.speaker is None:
            continue
        for note in evidence.of_turn(turn):
            leanings[turn.speaker] += Signal.SELLER_VOICE in note.signals
            leanings[turn.speaker] -= Signal.BUYER_VOICE in note.signals
            leanings[turn.speaker] += len(note.techniques) * 0.3 - bool(note.objections)
    return leanings


def _split_by_leaning(leanings: dict[str, float]) -> Roles:
    best = max(leanings.values())
    if best <= 0:
        seller = max(leanings, key=lambda name: leanings[name])
        return Roles(frozenset({seller}), frozenset(leanings.keys() - {seller}))
    sellers = {name for name, lean in leanings.items() if lean >= best * _SECOND_SELLER_SHARE}
    if len(sellers) == len(leanings):
        sellers = {max(leanings, key=lambda name: leanings[name])}
    return Roles(frozenset(sellers), frozenset(leanings.keys() - sellers))
