"""What is written and read beside the event loop is what the standard module writes and reads."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.chat import json_text
from backend.chat.json_text import read_beside, read_members, render, render_beside

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_a_value_stays_itself(value: Any) -> None:
    assert json.loads(render(value)) == value


async def test_large_values_are_written_and_read_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, lengths = asyncio.get_running_loop(), []

    class Watched:
        @staticmethod
        def dumps(value: Any) -> str:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            text = json.dumps(value)
            lengths.append(len(text))
            return text

    monkeypatch.setattr(json_text, "json", Watched)
    segment = {"speaker": "Ann", "text": "x" * 100, "start": 1.0, "end": 2.0}
    stages = {f"part {n}": {"segments": [segment] * 200, "next": n} for n in range(20)}
    text = await render_beside(stages)
    assert len(text) > 500_000
    assert max(lengths) < 1000
    monkeypatch.undo()
    assert await read_members({"a": "1", "b": "[2]"}) == {"a": 1, "b": [2]}
    assert await read_beside([text]) == [stages]
    assert loop.is_running()
