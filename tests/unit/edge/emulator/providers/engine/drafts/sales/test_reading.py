"""Reading of a sales conversation: speed and repetition."""

import time

from edge.emulator.providers.engine.drafts.sales.reading import read_sales_conversation
from tests.support.sales_analysis import analyse
from tests.support.transcripts import DISCOVERY


def test_ten_thousand_words_are_analysed_well_within_a_second():
    begun = time.process_time()
    answer = analyse(DISCOVERY * 7)

    assert answer["sales_techniques"]
    assert time.process_time() - begun < 0.8


def test_repeated_excerpts_are_quoted_once():
    objections = read_sales_conversation(DISCOVERY * 3).objections

    assert len({objection.text for objection in objections}) == len(objections)
