"""Sales analysis: every quotation is a verbatim span of the transcript."""

import json
import re

import pytest
from hypothesis import given, settings

from tests.support.sales_analysis import ARRAYS, analyse, quotes_of
from tests.support.transcripts import NO_SALES, SALES_TALKS, transcripts


@given(transcripts)
@settings(max_examples=300, deadline=None)
def test_every_quotation_is_a_span_of_the_transcript_and_crosses_no_gap(transcript: str):
    answer = analyse(transcript)

    for quote in quotes_of(answer):
        assert quote in transcript
        assert "[…]" not in quote
    for quote in re.findall("“(.*?)”$", answer["analysis"], re.MULTILINE):
        assert quote in transcript


@pytest.mark.parametrize("name", SALES_TALKS)
def test_real_talks_are_quoted_verbatim_and_yield_findings(name: str):
    answer = analyse(SALES_TALKS[name])

    quotes = quotes_of(answer)
    assert all(quote in SALES_TALKS[name] for quote in quotes)
    assert all(answer[array] for array in ARRAYS)
    assert all("-->" not in quote and "<v" not in quote for quote in quotes)


@pytest.mark.parametrize("name", NO_SALES)
def test_a_text_without_sales_content_yields_nothing_and_says_so(name: str):
    answer = analyse(NO_SALES[name])

    assert [answer[array] for array in ARRAYS] == [[], [], [], []]
    assert "No sales conversation was recognised" in answer["analysis"]
    assert set(answer["key_metrics"].values()) == {None}


def test_excerpts_are_not_read_across_their_gap():
    asked = "Customer: That's too expensive for our team."
    answer = analyse(f"{asked}\n[…]\nRep: We met in Lisbon. Our pricing is fair.")

    objection = answer["objection_handling"][0]
    assert objection["objection"] == "That's too expensive for our team."
    assert objection["response"] == ""


def test_the_response_is_what_the_other_speaker_says_next():
    answer = analyse(
        "Customer: Hi.\nCustomer: It's too expensive.\nRep: I see. What did you expect to pay?\n"
        "Customer: That makes sense, thanks."
    )

    assert answer["objection_handling"] == [
        {
            "objection": "It's too expensive.",
            "response": "I see. What did you expect to pay?",
            "examples": ["It's too expensive."],
            "effectiveness": "high",
        }
    ]


def test_different_talks_give_different_answers_and_the_same_the_same():
    answers = {name: json.dumps(analyse(talk)) for name, talk in SALES_TALKS.items()}

    assert len(set(answers.values())) == len(SALES_TALKS)
    assert answers == {name: json.dumps(analyse(talk)) for name, talk in SALES_TALKS.items()}


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "?", "…", "[…]", "WEBVTT", "1\n2\n3", "a" * 5000]
)
def test_texts_with_nothing_in_them_are_answered(text: str):
    answer = analyse(text)

    assert [answer[array] for array in ARRAYS] == [[], [], [], []]
