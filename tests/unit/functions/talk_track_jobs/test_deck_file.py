"""Decks from files: presentations, Markdown outlines, JSON."""

import io
import json
from typing import Any

import pytest
from pptx import Presentation
from pptx.util import Inches

from functions.talk_track_jobs.deck_file import DeckFile, read_deck
from shared.errors import FunctionError

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def presentation() -> bytes:
    made: Any = Presentation()
    made.core_properties.title = "Launch"
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Why"
    first.placeholders[1].text = "Time\nMoney"
    first.notes_slide.notes_text_frame.text = "Pause here."
    second = made.slides.add_slide(made.slide_layouts[6])
    box = second.shapes.add_textbox(Inches(1), Inches(3), Inches(2), Inches(1))
    box.text_frame.text = "Below"
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame.text = "Above"
    table = second.shapes.add_table(1, 2, Inches(1), Inches(5), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Plan", "Price"
    hidden = made.slides.add_slide(made.slide_layouts[5])
    hidden.shapes.title.text = "Hidden"
    hidden.element.set("show", "0")
    last = made.slides.add_slide(made.slide_layouts[5])
    last.shapes.title.text = "Thanks"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def summarize(deck: DeckFile) -> list[tuple[int, str, str]]:
    return [(slide["slideNumber"], slide["title"], slide["description"]) for slide in deck.slides]


@pytest.mark.parametrize("kind", [PPTX, "application/octet-stream"])
def test_a_presentation_is_read_with_its_notes(kind: str) -> None:
    deck = read_deck(presentation(), kind)

    assert deck.title == "Launch"
    assert summarize(deck) == [
        (1, "Why", "Time. Money. Pause here."),
        (2, "Above", "Below. Plan, Price."),
        (4, "Thanks", ""),
    ]


@pytest.mark.parametrize(
    ("text", "title", "slides"),
    [
        ("# Launch\n## Why\n- **Time**\n- Money\n## How\nSimply.", "Launch",
         [(1, "Why", "Time. Money."), (2, "How", "Simply.")]),
        ("# Why\nTime\n# How\n## Detail\nx", "", [(1, "Why", "Time"), (2, "How", "Detail. x.")]),
        ("---\ntitle: 'Launch'\nmarp: true\n---\n# Why\n\n<!-- Pause -->\n\n---\n\nOnly text"
         "\n\n---\n", "Launch",
         [(1, "Why", "Pause"), (2, "Only text", "")]),
        ("- Why\n  - Time\n- How\n  - Simply", "", [(1, "Why", "Time"), (2, "How", "Simply")]),
        ("Why\nit matters\n\nHow", "", [(1, "Why", "it matters"), (2, "How", "")]),
        ("# T\n# S1\n## A\nx\n# S2\n## B\n```\n# code\n```\ny", "",
         [(1, "A", "x"), (2, "B", "y")]),
    ],
)  # fmt: skip
def test_a_markdown_outline_is_read(
    text: str, title: str, slides: list[tuple[int, str, str]]
) -> None:
    deck = read_deck(text.encode(), "text/markdown; charset=utf-8")

    assert (deck.title, summarize(deck)) == (title, slides)


def test_headings_above_the_slides_are_sections() -> None:
    deck = read_deck(b"# Deck\n## One\n### A\nx\n## Two\n### B\ny", "text/markdown")

    assert (deck.title, [slide["section"] for slide in deck.slides]) == ("Deck", ["One", "Two"])


@pytest.mark.parametrize(
    "document",
    [
        [{"title": "Why", "bullets": ["Time"]}],
        {"title": "Launch", "slides": [{"headline": "Why", "content": "Time"}]},
        {"deck": {"metadata": {"title": "Launch"}, "pages": ["Why\nTime"]}},
    ],
)
def test_json_is_read(document: Any) -> None:
    deck = read_deck(json.dumps(document).encode(), "application/json")

    assert summarize(deck) == [(1, "Why", "Time")]
    assert deck.title == ("" if isinstance(document, list) else "Launch")


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"PK\x03\x04", PPTX, "INVALID_ARCHIVE"),
        (b"", "text/markdown", "DECK_SIZE"),
        (b"\xff", "text/markdown", "INVALID_UTF8"),
        (b"---\n---\n", "text/markdown", "DECK_SIZE"),
        (b"{", "application/json", "INVALID_JSON"),
        (b"{}", "application/json", "INVALID_BODY"),
        (b'[{"image": "a.png"}]', "application/json", "DECK_WITHOUT_WORDS"),
        (b"# A\n" + b"x" * 20_000, "text/markdown", "SLIDE_TOO_LONG"),
        (b"x", "image/png", "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_what_is_no_deck_is_refused(content: bytes, kind: str, code: str) -> None:
    with pytest.raises(FunctionError) as caught:
        read_deck(content, kind)

    assert caught.value.code == code
