"""Speed, sources and token counts of the engine."""

import time

import pytest
from semantic_text_splitter import TextSplitter

from edge.emulator.providers.engine.core.source import select_source
from edge.emulator.providers.engine.core.tokens import count_tokens, exceeds_tokens, take_tokens
from edge.emulator.providers.engine.drafts.sales.reading import read_sales_conversation
from tests.unit.providers.conversations import DISCOVERY
from tests.unit.providers.test_verbatim import analyse


def test_ten_thousand_words_are_analysed_well_within_a_second():
    begun = time.process_time()
    answer = analyse(DISCOVERY * 7)

    assert answer["sales_techniques"]
    assert time.process_time() - begun < 0.8


def test_repeated_excerpts_are_quoted_once():
    objections = read_sales_conversation(DISCOVERY * 3).objections

    assert len({objection.text for objection in objections}) == len(objections)


def test_tagged_text_wins_over_longer_text():
    source = select_source(["x" * 500, "a <transcript id='1'>Hello.</transcript> b"], "z" * 900)

    assert source.text == "Hello."


def test_the_longest_user_text_is_the_source_when_nothing_is_tagged():
    assert select_source(["short", "a longer one"], "the longest of all, but told").text == (
        "a longer one"
    )


def test_an_inner_closing_tag_does_not_end_the_transcript():
    text = "<transcript>one </transcript> two</transcript>"

    assert select_source([text]).text == "one </transcript> two"


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
