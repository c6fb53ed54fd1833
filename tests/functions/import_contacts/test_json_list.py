"""A JSON list read piece by piece is the list that the json module reads at once."""

import gc
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.import_contacts.json_list import LONGEST_VALUE, read_items
from functions.import_contacts.listing import read_csv, read_json
from shared.errors import BadInputError

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


def outcome(text: str, piece: int) -> Any:
    try:
        return list(read_items(io.StringIO(text), piece))
    except BadInputError as exc:
        return exc.code, exc.message


def outcome_at_once(text: str) -> Any:
    try:
        document = json.loads(text)
    except ValueError as exc:
        return "INVALID_JSON", f"The list is no JSON: {exc}."
    items: Any = document.get("contacts") if isinstance(document, dict) else document
    if isinstance(items, list):
        return items
    return "INVALID_BODY", 'The body must be a JSON array of contacts, or {"contacts": […]}.'


@settings(deadline=None)
@given(document=DOCUMENTS, style=STYLES, ascii_only=st.booleans(), piece=st.integers(1, 80))
def test_a_document_is_read_as_at_once(
    document: Any, style: tuple[str, str], piece: int, *, ascii_only: bool
) -> None:
    text = json.dumps(document, separators=style, ensure_ascii=ascii_only)

    assert outcome(text, piece) == outcome_at_once(text)


@settings(deadline=None, max_examples=300)
@given(document=DOCUMENTS, style=STYLES, piece=st.integers(1, 80), drawn=st.data())
def test_what_is_no_json_is_refused_as_at_once(
    document: Any, style: tuple[str, str], piece: int, drawn: st.DataObject
) -> None:
    text = json.dumps(document, separators=style)
    at = drawn.draw(st.integers(0, len(text)))
    added = drawn.draw(st.sampled_from(["", *'[]{},:"\\ \n1e.-tN\0']))
    dropped = drawn.draw(st.integers(0 if added else 1, 2))
    broken = text[:at] + added + text[at + dropped :]

    assert outcome(broken, piece) == outcome_at_once(broken)


@pytest.mark.parametrize(
    "text",
    [
        "[-Infinity]", "[1.5e+10, 1]", '["\\ud83d\\ude00"]', "[ ]", ' {"contacts" : [] } ',
        "[1 2]", "[1,]", "[,1]", "[1", "[1}", "[1]]", "[1] x", "{'a': 1}", '{"contacts": [1] "a"}',
        '{"contacts": [1],}', '{"contacts" [1]}', "[nul]", "[1.]", "[01]", "[.5]", '["\n"]', "[tru",
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [1, 3, 65_536])
def test_what_stands_between_items_must_be_json(text: str, piece: int) -> None:
    assert outcome(text, piece) == outcome_at_once(text)


def test_a_fault_far_into_the_text_is_told_where_it_stands() -> None:
    good = json.dumps([{"phone": "1", "name": "Zoë"}] * 20_000, indent=1)
    text = f"{good[:-2]},\n nonsense\n]"

    assert outcome(text, 65_536) == outcome_at_once(text)
    assert "line 80002 column 2" in outcome(text, 65_536)[1]


@pytest.mark.parametrize(
    "text",
    ['{"contacts": [1], "contacts": [2]}', '{"contacts": [1], "contacts": 2}', '{"contacts": 1}'],
)
def test_one_list_is_taken(text: str) -> None:
    assert outcome(text, 65_536)[0] == "INVALID_BODY"


@pytest.mark.parametrize("text", ['["{}"]', '[{{"a": "{}"}}]', '[1, "{}', '{{"{}": []}}'])
def test_a_value_that_would_fill_the_memory_is_refused(text: str) -> None:
    code, message = outcome(text.format("x" * (2 * LONGEST_VALUE)), 65_536)

    assert code == "INVALID_JSON"
    assert "A value of more than 1,048,576 characters" in message


def test_a_value_of_nearly_that_length_is_read() -> None:
    long = "é" * (LONGEST_VALUE - 10)

    assert outcome(f'[1,"{long}",2]', 65_536) == [1, long, 2]


class Endless(io.RawIOBase):
    """A body that is made as it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = next(self._pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def body(rows: int) -> Iterator[bytes]:
    yield b'{"contacts": ['
    for number in range(rows):
        contact = {"phone": f"212555{number:04}", "notes": "x" * 4000}
        yield (b"," if number else b"") + json.dumps(contact).encode()
    yield b" " * 5000
    yield b"]}"


def test_a_list_of_any_length_takes_the_memory_of_a_piece() -> None:
    file = io.BufferedReader(Endless(body(3000)))
    tracemalloc.start()
    try:
        rows = sum(1 for _ in read_json(file))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert rows == 3000  # 12 MB
    assert peak < 1_000_000


@pytest.mark.parametrize(("reader", "text"), [(read_csv, b"phone\n1\n2\n"), (read_json, b"[1,2]")])
def test_a_list_that_is_not_read_to_its_end_is_left_quietly(reader: Any, text: bytes) -> None:
    with io.BytesIO(text) as file:
        rows = reader(file)
        next(rows)
    del rows
    gc.collect()
