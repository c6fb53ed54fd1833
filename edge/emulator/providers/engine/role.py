"""Who sells and who buys, and whether the conversation is about a sale at all."""

import re
from collections import Counter
from dataclasses import dataclass

from edge.emulator.providers.engine.conversation import Conversation, Turn
from edge.emulator.providers.engine.evidence import Evidence
from edge.emulator.providers.engine.lexicon import Signal
from edge.emulator.providers.engine.ranking import is_mostly_code
from edge.emulator.providers.engine.speaker import BUYER_LABELS, SELLER_LABELS, normalize_name

_FEWEST_COMMERCIAL_SENTENCES = 2
_FEWEST_POINTS = 4
_ROLE_LABEL_POINTS = 2
_SECOND_SELLER_SHARE = 0.5
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the sellers and buyers; both empty when nothing tells them apart."""

    sellers: frozenset[str]
    buyers: frozenset[str]

    def may_sell(self, turn: Turn) -> bool:
        return not self.sellers or turn.speaker in self.sellers

    def may_buy(self, turn: Turn) -> bool:
        return not self.buyers or turn.speaker in self.buyers


def assign_roles(evidence: Evidence) -> Roles:
    """By the labels when they say it, else by who speaks like a seller."""
    speakers = evidence.conversation.speakers
    named = _roles_by_label(speakers)
    if named.sellers or named.buyers:
        return named
    leanings = _lean_by_speech(evidence)
    if len(leanings) < len(("seller", "buyer")) or not any(leanings.values()):
        return Roles(frozenset(), frozenset())
    return _split_by_leaning(leanings)


def _roles_by_label(speakers: tuple[str, ...]) -> Roles:
    sellers = {name for name in speakers if _label_words(name) & SELLER_LABELS}
    buyers = {name for name in speakers if _label_words(name) & BUYER_LABELS} - sellers
    rest = set(speakers) - sellers - buyers
    if sellers and not buyers:
        buyers = rest
    elif buyers and not sellers:
        sellers = rest
    return Roles(frozenset(sellers), frozenset(buyers))


def _label_words(name: str) -> set[str]:
    return set(_WORD.findall(normalize_name(name)))


def _lean_by_speech(evidence: Evidence) -> dict[str, float]:
    """Seller-like minus buyer-like sentences of each speaker."""
    leanings = dict.fromkeys(evidence.conversation.speakers, 0.0)
    for turn in evidence.conversation.turns:
        if turn.speaker is None:
            continue
        for note in evidence.of_turn(turn):
            leanings[turn.speaker] += Signal.SELLER_VOICE in note.signals
            leanings[turn.speaker] -= Signal.BUYER_VOICE in note.signals
            leanings[turn.speaker] += len(note.techniques) * 0.3 - len(note.objections) * 0.7
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


def is_about_a_sale(evidence: Evidence) -> bool:
    """Several commercial remarks, or a few between people labelled as seller and buyer."""
    if is_mostly_code(evidence.conversation.sentences):
        return False
    commercial = evidence.with_signal(Signal.COMMERCIAL)
    words = {word for note in commercial for word in note.sentence.words}
    objections = sum(1 for note in evidence.notes if note.objections)
    labelled = _count_role_labels(evidence.conversation)
    points = min(len(commercial), len(words)) + min(objections, 2) + labelled * _ROLE_LABEL_POINTS
    has_talk = len(commercial) >= _FEWEST_COMMERCIAL_SENTENCES or (labelled and points > labelled)
    return bool(has_talk) and points >= _FEWEST_POINTS


def _count_role_labels(conversation: Conversation) -> int:
    names = Counter(
        "seller" if _label_words(name) & SELLER_LABELS else "buyer"
        for name in conversation.speakers
        if _label_words(name) & (SELLER_LABELS | BUYER_LABELS)
    )
    return len(names)
