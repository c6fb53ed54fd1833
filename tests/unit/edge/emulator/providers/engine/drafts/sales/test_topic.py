"""Detection of sales: a few lines suffice, talk about money alone does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.emulator.providers.engine.drafts.sales.reading import read_sales_conversation
from tests.support.sales_analysis import ARRAYS, analyse, quotes_of

DIALOGUES = Path(__file__).with_name("dialogues")
FIRST_EXAMPLE = """Ann: What does the delay cost you?
Bob: That is too expensive for us.
Ann: I understand. Shall we compare it with the cost of the delay?"""


def _dialogues(name: str) -> Iterator[Any]:
    """Each begins with `# title`."""
    for part in (DIALOGUES / f"{name}.txt").read_text().split("# ")[1:]:
        title, _, text = part.partition("\n")
        yield pytest.param(text.strip(), id=title)


@pytest.mark.parametrize("text", tuple(_dialogues("short_sales")))
def test_a_short_sale_is_recognised_and_quoted_verbatim(text: str):
    answer = analyse(text)

    assert read_sales_conversation(text).is_sale
    assert any(answer[array] for array in ARRAYS)
    assert all(quote in text for quote in quotes_of(answer))


@pytest.mark.parametrize("text", tuple(_dialogues("everyday")))
def test_an_everyday_talk_yields_nothing_even_if_it_is_about_money(text: str):
    answer = analyse(text)

    assert [answer[array] for array in ARRAYS] == [[], [], [], []]
    assert "No sales conversation was recognised" in answer["analysis"]


def test_three_lines_with_an_answered_objection_fill_every_part_of_the_answer():
    answer = analyse(FIRST_EXAMPLE)

    assert all(answer[array] for array in ARRAYS)
    assert answer["objection_handling"] == [
        {
            "objection": "That is too expensive for us.",
            "response": "I understand. Shall we compare it with the cost of the delay?",
            "examples": ["That is too expensive for us."],
            "effectiveness": "unclear",
        }
    ]


def test_an_unanswered_objection_is_not_a_sale():
    assert not read_sales_conversation("Ann: That is too expensive for us.").is_sale


def test_people_whose_labels_name_another_relation_are_not_selling():
    text = FIRST_EXAMPLE.replace("Ann:", "Doctor:").replace("Bob:", "Patient:")

    assert not read_sales_conversation(text).is_sale
