"""Frames with many values are refused before they are parsed, and no others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.chat.frame_json import FrameJson
from backend.chat.messages import UnreadMessage

_IDS = {"session_id": "s-1", "conv_id": "7"}
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_TAKEN = {
    "as many values as a message may have": [[]] * 9_990,
    "keys": {f"k{n}": "v" for n in range(9_990)},
    "a text of signs": "[1,{" * 100_000,
    "a text of JSON": json.dumps([{"a": "b,c"}] * 3_000),
    "a text of backslashes": "\\," * 100_000,
    "texts that end with backslashes": ["a,b,c,\\"] * 6_000,
}
_REFUSED = {
    "lists": [[]] * 600_000,
    "numbers": [1] * 30_000,
    "objects": [{}] * 30_000,
    "keys": {f"k{n}": "v" for n in range(30_000)},
    "texts": [""] * 30_000,
    "texts that end with backslashes": ["\\", '\\"'] * 15_000,
}


@given(_VALUES)
def test_a_value_stays_itself(value: Any) -> None:
    frames = FrameJson()
    assert frames.loads(frames.dumps(value, separators=(",", ":"))) == value


@pytest.mark.parametrize("other", _TAKEN)
def test_a_message_that_may_be_run_is_parsed(other: str) -> None:
    event = ["chat", {**_IDS, "other": _TAKEN[other]}]
    frames = FrameJson()
    assert frames.loads(json.dumps(event)) == event
    assert frames.refused == 0


@pytest.mark.parametrize("separators", [(",", ":"), (" , ", " : ")])
@pytest.mark.parametrize("other", _REFUSED)
def test_of_a_message_with_many_values_the_ids_are_read(
    other: str, separators: tuple[str, str]
) -> None:
    frames = FrameJson()
    for event in (["chat", {**_IDS, "o": _REFUSED[other]}], ["chat", {"o": _REFUSED[other]}]):
        name, found = frames.loads(json.dumps(event, separators=separators))
        assert name == "chat"
        assert isinstance(found, UnreadMessage)
        assert found == {name: event[1].get(name) for name in _IDS}
    assert frames.refused == 2


@pytest.mark.parametrize("wrong", [None, [], {"a": 1}, "x" * 65, "a b", ""])
def test_an_id_of_an_unread_message_is_an_id(wrong: Any) -> None:
    event = ["chat", {"session_id": wrong, "conv_id": 7, "other": [1] * 30_000}]
    _, found = FrameJson().loads(json.dumps(event))
    assert found == {"session_id": None, "conv_id": "7"}


@pytest.mark.parametrize("text", ['["reconnect",{}', "[", '["chatty",', '{"chat":'])
def test_another_frame_with_many_values_is_no_json(text: str) -> None:
    frames = FrameJson()
    with pytest.raises(ValueError, match="too many values"):
        frames.loads(text + "[]," * 30_000)
    assert frames.refused == 1
