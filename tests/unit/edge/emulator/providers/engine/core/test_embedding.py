"""The hashed embeddings: near for shared words, unit length, the same every time."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.providers.engine.core.embedding import embed_text
from tests.support.transcripts import DISCOVERY, RECIPE


def similarity(one: str, other: str) -> float:
    pairs = zip(embed_text(one, 1536), embed_text(other, 1536), strict=True)
    return sum(left * right for left, right in pairs)


def test_texts_with_common_words_are_nearer():
    query = "What objections about the price and the budget came up?"
    near = "The price is over our budget, that was the main objection."
    far = "Knead the dough for ten minutes and let it rise in a warm corner."

    assert similarity(query, near) > similarity(query, far) + 0.1


def test_inflections_meet():
    assert similarity("pricing objections", "priced objection") > 0.6


def test_a_query_finds_its_paragraph_among_the_others():
    paragraphs = [part for part in DISCOVERY.split("\n\n") if len(part) > 80]
    query = "security of the data, where is it stored"

    best = max(paragraphs, key=lambda paragraph: similarity(query, paragraph))

    assert "Where is the data stored?" in best or "stored in the region" in best


@given(st.text(max_size=60), st.integers(1, 64))
def test_every_text_has_unit_length(text: str, dimensions: int):
    vector = embed_text(text, dimensions)

    assert len(vector) == dimensions
    assert math.isclose(sum(value * value for value in vector), 1.0, rel_tol=1e-9)
    assert vector == embed_text(text, dimensions)


@pytest.mark.parametrize("text", [DISCOVERY, RECIPE])
def test_a_hundred_chunks_of_a_thousand_tokens_take_less_than_a_second(text: str):
    chunk = (text * 4)[:4500]
    begun = time.process_time()
    for number in range(100):
        embed_text(f"{number} {chunk}", 1536)

    assert time.process_time() - begun < 1
