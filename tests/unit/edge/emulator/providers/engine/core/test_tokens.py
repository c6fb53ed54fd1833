"""Token counts: estimate, exact limit, truncation."""

import pytest
from semantic_text_splitter import TextSplitter

from edge.emulator.providers.engine.core import tokens
from edge.emulator.providers.engine.core.tokens import count_tokens, exceeds_tokens, take_tokens
from tests.support.transcripts import DISCOVERY


@pytest.mark.parametrize("limit", [1, 10, 50])
def test_taken_tokens_are_a_beginning_within_the_limit(limit: int):
    taken = take_tokens(DISCOVERY, limit)

    assert DISCOVERY.startswith(taken)
    assert count_tokens(taken) <= limit


def test_the_estimate_is_near_the_real_count():
    low, high = 1, len(DISCOVERY)
    while low < high:
        middle = (low + high) // 2
        splitter = TextSplitter.from_tiktoken_model("gpt-4", middle, trim=False)
        low, high = (middle + 1, high) if len(splitter.chunks(DISCOVERY)) > 1 else (low, middle)

    assert count_tokens(DISCOVERY) == pytest.approx(low, rel=0.05)
    assert exceeds_tokens(DISCOVERY, low - 1)
    assert not exceeds_tokens(DISCOVERY, low)


@pytest.mark.parametrize("part", ["a", "!", " ", "_", "\n", "é", " \n"])
def test_a_long_piece_is_counted_in_parts(part: str) -> None:
    text = part * 100_000

    lengths = [len(match.group()) for match in tokens._PIECE.finditer(text)]

    assert sum(lengths) == len(text)
    assert max(lengths) <= 8_001  # while one is matched, other threads wait
    assert count_tokens(text) >= 1
