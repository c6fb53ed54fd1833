"""Text from outside is shown as what it is: no colours, no hidden controls, no endless lines."""

import pytest
from nicegui import Client
from nicegui.page import page

from console.ui.text import clip, pretty, text_block, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x00b\x07c\x7f", "a␀b␇c␡"),
        ("a\rb", "a␍b"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("user\u202egnp.exe", "user[U+202E]gnp.exe"),
        ("\u2066x\u2069", "[U+2066]x[U+2069]"),
        ("naïve — 日本 🎈", "naïve — 日本 🎈"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ],
)
def test_controls_are_removed_or_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_cell_is_one_short_line() -> None:
    assert clip("one\ntwo") == "one ⏎ two"
    assert len(clip("x" * 10_000_000)) == 601
    assert len(clip("\u202e" * 10_000)) <= 601
    assert clip("x" * 600) == "x" * 600


def test_json_is_indented_and_other_text_left_alone() -> None:
    assert pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert pretty("{broken") == "{broken"
    assert pretty("plain") == "plain"
    assert pretty("[" * 100_000) == "[" * 100_000


def test_labels_are_text_whatever_is_in_them() -> None:
    name = 'a "quoted\\ name" v-html=x \\'
    with Client(page("/labels"), request=None) as client:
        text_block("text", name)

    labels = [each.props.get("aria-label") for each in client.elements.values()]
    assert {name, f"Copy {name}"} <= set(labels)
    assert not any("v-html" in each.props for each in client.elements.values())
