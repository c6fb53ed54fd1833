"""Selection of the source text of a request."""

from edge.emulator.providers.engine.core.source import select_source


def test_tagged_text_wins_over_longer_text():
    source = select_source(["x" * 500, "a <transcript id='1'>Hello.</transcript> b"], "z" * 900)

    assert source.text == "Hello."


def test_the_longest_user_text_is_the_source_when_nothing_is_tagged():
    assert select_source(
        ["short", "a longer one"], "the longest of all, but instructions"
    ).text == ("a longer one")


def test_an_inner_closing_tag_does_not_end_the_transcript():
    text = "<transcript>one </transcript> two</transcript>"

    assert select_source([text]).text == "one </transcript> two"
