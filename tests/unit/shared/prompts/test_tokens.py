import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.prompts.tokens import count_tokens, shorten


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a cat", 2), ("a cat, here", 4), ("photorealistic", 2), ("4k", 2), ("猫", 2)],
)
def test_tokens_are_counted(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_a_short_text_stays() -> None:
    assert shorten(" a cat ", 75) == shorten("a cat", 75)
    assert not shorten("a cat", 2).is_cut


def test_the_cut_is_at_a_clause() -> None:
    cut = shorten("one two three four, five six seven eight, nine ten", 10)

    assert cut.text == "one two three four, five six seven eight"
    assert cut.is_cut


def test_without_a_clause_near_the_cut_is_at_a_word() -> None:
    assert shorten("one, two three four five six", 5).text == "one, two three four"


@given(st.text(max_size=400), st.integers(1, 60))
def test_the_limit_holds(text: str, limit: int) -> None:
    cut = shorten(text, limit)

    assert cut.tokens <= limit
    assert count_tokens(cut.text) <= limit
    assert text.startswith(cut.text) or cut.text in text
