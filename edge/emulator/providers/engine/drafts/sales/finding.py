"""Techniques and strategies found, with quotations and the reactions to them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.evidence import Evidence, Note
from edge.emulator.providers.engine.drafts.sales.lexicon import Entry
from edge.emulator.providers.engine.drafts.sales.reaction import Tally, score_reply, tally_reactions
from edge.emulator.providers.engine.drafts.sales.role import Roles

_MOST_EXAMPLES = 3
_SHORTEST_QUOTE_WORDS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One technique or strategy; `examples` are verbatim, `count` is its number of sentences."""

    entry: Entry
    examples: tuple[str, ...]
    count: int
    reactions: Tally


def find_techniques(evidence: Evidence, roles: Roles, limit: int) -> list[Finding]:
    return _find(evidence, roles, lambda note: note.techniques, limit)


def find_strategies(evidence: Evidence, roles: Roles, limit: int) -> list[Finding]:
    return _find(evidence, roles, lambda note: note.strategies, limit)


def _find(
    evidence: Evidence, roles: Roles, entries_of: Callable[[Note], Iterable[Entry]], limit: int
) -> list[Finding]:
    """Find entries, most frequent first, skipping sentences of buyers."""
    turns = evidence.conversation.turns
    seen: dict[Entry, list[Sentence]] = {}
    for note in evidence.notes:
        is_buyer_talk = bool(note.objections) and not roles.sellers
        if is_buyer_talk or not roles.may_sell(turns[note.sentence.turn]):
            continue
        for entry in entries_of(note):
            seen.setdefault(entry, []).append(note.sentence)
    ranked = sorted(seen.items(), key=lambda item: -len(item[1]))
    return [_build_finding(evidence, entry, shown) for entry, shown in ranked[:limit]]


def _build_finding(evidence: Evidence, entry: Entry, shown: Sequence[Sentence]) -> Finding:
    scores = {sentence.start: score_reply(evidence, sentence) for sentence in shown}
    return Finding(
        entry,
        choose_examples(shown, lambda sentence: scores[sentence.start] or 0),
        len(shown),
        tally_reactions(scores.values()),
    )


def choose_examples(
    sentences: Iterable[Sentence], worth: Callable[[Sentence], int]
) -> tuple[str, ...]:
    """Choose the best received, longest sentences without repetition, in the order of the text."""
    unique = {sentence.phrase: sentence for sentence in sentences}.values()
    quotable = [each for each in unique if len(each.words) >= _SHORTEST_QUOTE_WORDS]
    best = sorted(quotable, key=lambda each: (-worth(each), -len(each.words), each.start))
    chosen = sorted(best[:_MOST_EXAMPLES], key=lambda each: each.start)
    return tuple(sentence.text for sentence in chosen)


def spell_times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
