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


_WHY = {"title": "Why", "bullets": ["Late", "Dear"]}
_TWO = [(1, "Why", "Late. Dear."), (2, "How", "Fast")]
_HOW = {"title": "How", "text": "Fast"}


@pytest.mark.parametrize(
    "document",
    [
        {"presentation": {"slides": [_WHY, _HOW]}},
        {"data": {"cards": [_WHY, _HOW]}},
        {"folien": [_WHY, _HOW]},
        {"slides": {"2": _HOW, "1": _WHY}},
        {"sections": [{"title": "A", "slides": [_WHY]}, {"title": "B", "slides": [_HOW]}]},
        {
            "slides": [
                {**_WHY, "elements": [{"fill": "#fff"}, {"text": "https://a.example/b"}]},
                _HOW,
            ]
        },
    ],
)
def test_slides_stand_under_other_names_too(document: Any) -> None:
    assert summarize(read_deck(json.dumps(document).encode(), "application/json")) == _TWO


@pytest.mark.parametrize(
    "document", [{"sections": 5}, {"sections": [5, {"chapters": []}]}, {"data": 1}]
)
def test_what_holds_no_list_of_slides_is_refused(document: Any) -> None:
    with pytest.raises(FunctionError) as error:
        read_deck(json.dumps(document).encode(), "application/json")

    assert error.value.code == "INVALID_BODY"


def test_of_google_slides_only_the_words_are_read() -> None:
    def text(content: str) -> dict[str, Any]:
        runs = [{"endIndex": 9, "paragraphMarker": {}}, {"textRun": {"content": content}}]
        return {"textElements": runs}

    def shape(content: str, kind: str | None = None) -> dict[str, Any]:
        placeholder = {"placeholder": {"type": kind}} if kind else {}
        made = {"shapeType": "TEXT_BOX", **placeholder, "text": text(content)}
        return {"objectId": "e1", "size": {"unit": "EMU"}, "shape": made}

    cells = {"tableRows": [{"tableCells": [{"text": text("Dear\n")}]}]}
    page = {
        "objectId": "p1",
        "pageElements": [
            shape("3", "SLIDE_NUMBER"),
            shape("Why\n", "TITLE"),
            shape("Late\n"),
            {"objectId": "t1", "table": cells},
        ],
        "slideProperties": {"notesPage": {"pageElements": [shape("Slowly\n")]}},
    }

    deck = read_deck(json.dumps({"title": "Deck", "slides": [page]}).encode(), "application/json")

    assert (deck.title, summarize(deck)) == ("Deck", [(1, "Why", "Late. Dear. Slowly.")])


def test_the_outlines_of_presentation_tools_are_read() -> None:
    reveal = "# Why\n\nNote: slowly\n\n---\n\n# How\n\nFast\n\n--\n\n# Below\n"
    slidev = "---\ntheme: x\n---\n# Why\n\nLate\n\n---\nlayout: center\nclass: a\n---\n\n# How\n"
    setext = "Why\n===\n\nLate\n\nHow\n===\n\nFast\n"

    found = [summarize(read_deck(t.encode(), "text/markdown")) for t in (reveal, slidev, setext)]

    assert found == [
        [(1, "Why", "slowly"), (2, "How", "Fast"), (3, "Below", "")],
        [(1, "Why", "Late"), (2, "How", "")],
        [(1, "Why", "Late"), (2, "How", "Fast")],
    ]
