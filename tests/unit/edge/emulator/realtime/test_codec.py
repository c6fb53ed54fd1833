"""Frames of both versions: what is decoded is what was encoded, and nothing else is taken."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.realtime.codec import (
    Frame,
    UserBroadcast,
    decode_binary,
    decode_text,
    encode,
    encode_broadcast,
)

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(TEXT, TEXT, JSON, st.none() | TEXT)
def test_text_frames_come_back(topic: str, event: str, payload: Any, ref: str | None) -> None:
    frame = Frame(topic, event, payload, ref, "1")

    assert decode_text(encode(frame, "1.0.0"), "1.0.0") == frame
    assert decode_text(encode(frame, "2.0.0"), "2.0.0") == frame


@given(st.binary(max_size=60))
def test_any_bytes_are_a_broadcast_or_nothing(data: bytes) -> None:
    frame = decode_binary(data)

    assert frame is None or frame.broadcast is not None


@given(st.text(max_size=60))
def test_any_text_is_a_frame_or_nothing(text: str) -> None:
    for version in ("1.0.0", "2.0.0"):
        frame = decode_text(text, version)
        assert frame is None or isinstance(frame.topic, str)


def test_bytes_cannot_go_to_version_1() -> None:
    message = UserBroadcast("e", b"\x00", is_json=False)

    assert encode_broadcast("t", message, "1.0.0") is None
    assert encode_broadcast("t", message, "2.0.0") == b"\x04\x01\x01\x00\x00te\x00"


def test_half_a_surrogate_pair_is_escaped() -> None:
    assert json.loads(encode(Frame("t", "e", "\ud800"), "2.0.0").encode())[4] == "\ud800"
