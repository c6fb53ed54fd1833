"""Slides as tools and people write them: where their words stand, and what is refused."""

from typing import Any

import pytest

from shared.errors import BadInputError
from shared.talk_tracks.markdown import strip_markdown
from shared.talk_tracks.slides import check_slides, read_slides


@pytest.mark.parametrize(
    ("slide", "title", "description"),
    [
        ({"title": "Why", "content": "It costs time."}, "Why", "It costs time."),
        ({"title": "Why", "bullets": ["Time", "Money"]}, "Why", "Time. Money."),
        ({"headline": "Why", "notes": "Pause here."}, "Why", "Pause here."),
        ({"heading": "Why", "speaker_notes": "Last", "subtitle": "First"}, "Why", "First. Last."),
        ({"name": "Why", "body": {"left": ["a b"], "right": "c d"}}, "Why", "a b. c d."),
        ({"bullets": [{"text": "One"}, {"text": "Two", "icon": "star"}]}, "One", "Two"),
        ({"content": {"title": "Why", "points": ["x1", {"text": "y"}]}}, "Why", "x1. y."),
        ({"layout": "center", "image": "a.png", "elements": [{"value": "Hi"}]}, "Hi", ""),
        ("# Why\n- **Time**\n- Money", "Why", "Time. Money."),
        (["Why", "Time"], "Why", "Time"),
        ({"title": "Why", "description": "Why"}, "Why", ""),
        ({"title": "**Why** [now](http://x)", "text": "Say `it` _well_"}, "Why now", "Say it well"),
        ({"id": 7, "layout": "blank"}, "", ""),
        ({"title": "2026", "text": "R&amp;D &lt;5 %"}, "2026", "R&D <5 %"),
        (
            {"title": "Why", "body": "<p>Time</p><ul><li>one</li><li>two</li></ul>"},
            "Why",
            "Time. one. two.",
        ),
        ({"elements": [{"x": 1, "w": 100, "rotation": 45, "text": "Hi"}]}, "Hi", ""),
        ({"title": "Sales", "stats": [{"label": "Up", "value": 12}]}, "Sales", "Up. 12."),
        ({"title": "Table", "rows": [["a", 1], ["b", 2]]}, "Table", "a. 1. b. 2."),
        ({"title": "—", "content": "***"}, "", ""),
    ],
)
def test_words_are_found_wherever_they_stand(slide: Any, title: str, description: str) -> None:
    (found,) = read_slides([slide])

    assert (found.title, found.description) == (title, description)


@pytest.mark.parametrize(
    ("slides", "code", "message"),
    [
        ([], "DECK_SIZE", "no slides"),
        ([{"title": "x"}] * 501, "DECK_SIZE", "501 slides; 500 is the most"),
        ([{}, {"image": "a.png"}, ""], "DECK_WITHOUT_WORDS", "No slide of the deck has words"),
        (
            [{"title": "x"}, {"slideNumber": 7, "notes": "y" * 10_001}],
            "SLIDE_TOO_LONG",
            "Slide 7 has",
        ),
    ],
)
def test_a_deck_that_cannot_be_spoken_is_refused(slides: Any, code: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        check_slides(read_slides(slides))

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("## Title ##", "Title"),
        ("- [x] done\n* open\n3. third", "done\nopen\nthird"),
        ("**bold** and *italic*, __both__ ~~gone~~", "bold and italic, both gone"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("![alt](a.png)text [link](b)", "text link"),
        ("> quoted\n\n---\n", "quoted"),
        ("| a | b |\n|---|---|\n| c | d |", "a, b \n\n c, d"),
        ("a <b>bold</b> <!-- hidden --> 1 < 2", "a  bold   1 < 2"),
        (r"5 \* 3", "5 * 3"),
    ],
)
def test_marks_are_not_spoken(markdown: str, words: str) -> None:
    assert strip_markdown(markdown) == words


@pytest.mark.parametrize(
    "mark", ["<!--", "[", "**a", "*a ", "_a ", "~~", "`", "<b ", "|", "- ", " #", "> "]
)
def test_a_text_of_marks_alone_is_read(mark: str) -> None:
    assert len(strip_markdown(mark * 20_000)) <= 20_000
