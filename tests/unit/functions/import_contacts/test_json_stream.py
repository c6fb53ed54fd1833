"""The JSON reader yields the items that the json module parses from the whole document."""

import gc
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.import_contacts.json_rows import read_rows
from functions.import_contacts.json_stream import LONGEST_VALUE, read_items
from functions.import_contacts.readers import Format
from shared.errors import BadInputError
from tests.support.contact_lists import source

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "contacts", "ö"]), inner, max_size=3)
    ),
    max_leaves=12,
)
LISTS = st.lists(VALUES, max_size=4)
DOCUMENTS = (
    LISTS
    | st.fixed_dictionaries({"x": VALUES, "contacts": LISTS, "y": VALUES})
    | st.dictionaries(st.sampled_from(["contacts", "x"]), VALUES)
    | VALUES
)
STYLES = st.sampled_from([(",", ":"), (" , ", "\t: "), ("\n,\n", ": ")])


def outcome(text: str, block: int) -> Any:
    try:
        return list(read_items(io.StringIO(text), block))
    except BadInputError as exc:
        return exc.code, exc.message


def expected_outcome(text: str) -> Any:
    try:
        document = json.loads(text)
    except ValueError as exc:
        return "INVALID_JSON", f"The body is not valid JSON: {exc}."
    items: Any = document.get("contacts") if isinstance(document, dict) else document
    if isinstance(items, list):
        return items
    return "INVALID_BODY", 'The body must be a JSON array of contacts, or {"contacts": […]}.'


@settings(deadline=None)
@given(document=DOCUMENTS, style=STYLES, ascii_only=st.booleans(), block=st.integers(1, 80))
def test_a_document_is_parsed_like_by_the_json_module(
    document: Any, style: tuple[str, str], block: int, *, ascii_only: bool
) -> None:
    text = json.dumps(document, separators=style, ensure_ascii=ascii_only)

    assert outcome(text, block) == expected_outcome(text)


@settings(deadline=None, max_examples=300)
@given(document=DOCUMENTS, style=STYLES, block=st.integers(1, 80), drawn=st.data())
def test_invalid_json_is_rejected_like_by_the_json_module(
    document: Any, style: tuple[str, str], block: int, drawn: st.DataObject
) -> None:
    text = json.dumps(document, separators=style)
    at = drawn.draw(st.integers(0, len(text)))
    added = drawn.draw(st.sampled_from(["", *'[]{},:"\\ \n1e.-tN\0']))
    dropped = drawn.draw(st.integers(0 if added else 1, 2))
    broken = text[:at] + added + text[at + dropped :]

    assert outcome(broken, block) == expected_outcome(broken)


@pytest.mark.parametrize(
    "text",
    [
        "[-Infinity]", "[1.5e+10, 1]", '["\\ud83d\\ude00"]', "[ ]", ' {"contacts" : [] } ',
        "[1 2]", "[1,]", "[,1]", "[1", "[1}", "[1]]", "[1] x", "{'a': 1}", '{"contacts": [1] "a"}',
        '{"contacts": [1],}', '{"contacts" [1]}', "[nul]", "[1.]", "[01]", "[.5]", '["\n"]', "[tru",
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [1, 3, 65_536])
def test_the_text_between_items_must_be_valid_json(text: str, block: int) -> None:
    assert outcome(text, block) == expected_outcome(text)


def test_an_error_deep_in_the_text_has_its_position() -> None:
    good = json.dumps([{"phone": "1", "name": "Zoë"}] * 20_000, indent=1)
    text = f"{good[:-2]},\n nonsense\n]"

    assert outcome(text, 65_536) == expected_outcome(text)
    assert "line 80002 column 2" in outcome(text, 65_536)[1]


@pytest.mark.parametrize(
    "text",
    ['{"contacts": [1], "contacts": [2]}', '{"contacts": [1], "contacts": 2}', '{"contacts": 1}'],
)
def test_exactly_one_list_is_required(text: str) -> None:
    assert outcome(text, 65_536)[0] == "INVALID_BODY"


@pytest.mark.parametrize("text", ['["{}"]', '[{{"a": "{}"}}]', '[1, "{}', '{{"{}": []}}'])
def test_a_value_of_excessive_length_is_rejected(text: str) -> None:
    code, message = outcome(text.format("x" * (2 * LONGEST_VALUE)), 65_536)

    assert code == "INVALID_JSON"
    assert "A value of more than 1,048,576 characters" in message


def test_a_value_just_below_the_limit_is_read() -> None:
    long = "é" * (LONGEST_VALUE - 10)

    assert outcome(f'[1,"{long}",2]', 65_536) == [1, long, 2]


class Endless(io.RawIOBase):
    """A body generated while it is read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = next(self._blocks, b"")
        buffer[: len(block)] = block
        return len(block)


def body(rows: int) -> Iterator[bytes]:
    yield b'{"contacts": ['
    for number in range(rows):
        contact = {"phone": f"212555{number:04}", "notes": "x" * 4000}
        yield (b"," if number else b"") + json.dumps(contact).encode()
    yield b" " * 5000
    yield b"]}"


def test_memory_use_does_not_grow_with_the_list() -> None:
    file = io.BufferedReader(Endless(body(3000)))
    tracemalloc.start()
    try:
        rows = sum(1 for _ in read_rows(io.TextIOWrapper(file)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert rows == 3000  # 12 MB
    assert peak < 1_000_000


@pytest.mark.parametrize(("kind", "text"), [("csv", b"phone\n1\n2\n"), ("json", b"[{},{}]")])
def test_an_abandoned_reader_raises_nothing(kind: Format, text: bytes) -> None:
    read = source(text, kind)
    with read.file:
        rows = read.rows()
        next(rows)
    del rows
    gc.collect()
