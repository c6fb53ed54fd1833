"""Which chunks of a long transcript a model gets to read."""

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Final

QUERIES: Final = (
    "the seller asks open questions to discover needs, pains and goals",
    "the buyer objects: price, budget, timing, authority, trust, a competitor, no need",
    "the seller answers an objection or a concern and reassures the buyer",
    "the seller explains value, benefits, results, return on investment, customer stories",
    "the seller builds rapport, listens, empathises, summarises what the buyer said",
    "closing the sale: next steps, commitment, trial, proposal, scheduling the next meeting",
)


def spread_evenly(total: int, count: int) -> list[int]:
    """`count` places over a conversation of `total` chunks, its two ends among them."""
    if count >= total:
        return list(range(total))
    if count <= 1:
        return [0][:count]
    return [round(step * (total - 1) / (count - 1)) for step in range(count)]


def choose(total: int, rankings: Sequence[Sequence[int]], count: int) -> list[int]:
    """`count` of `total` chunks, in order: half spread evenly, then the best of each ranking.

    Without any ranking all are spread evenly.
    """
    if count >= total or not rankings:
        return spread_evenly(total, count)
    chosen = dict.fromkeys(spread_evenly(total, count // 2))
    in_turn = chain.from_iterable(zip_longest(*rankings))
    for index in chain(in_turn, range(total)):
        if len(chosen) == count:
            break
        if index is not None:
            chosen.setdefault(index)
    return sorted(chosen)
