"""What a message may hold, before any of it is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.chat.messages import Message, refusal

CONTENT = [{"type": "text", "text": "hello"}]


@pytest.mark.parametrize(
    ("other", "is_taken"),
    [
        ([1] * 9_000, True),
        ([[1] * 90] * 100, True),
        ([1] * 10_000, False),
        ([[1] * 100] * 100, False),
        ({str(n): {} for n in range(10_000)}, False),
    ],
)
def test_the_values_of_a_message_are_counted(other: Any, is_taken: bool) -> None:
    given = {"content": CONTENT, "other": other}
    if is_taken:
        assert Message.model_validate(given).render()["other"] == other
    else:
        with pytest.raises(ValidationError, match="10,000 values"):
            Message.model_validate(given)


@pytest.mark.parametrize("wrong", [None, "", "x" * 65, True, 1.5, ["s"], {}])
def test_nobody_is_told_without_a_session_and_a_conversation(wrong: Any) -> None:
    assert refusal({"session_id": wrong, "conv_id": "c"}, "No.", "x") is None
    assert refusal({"session_id": "s", "conv_id": wrong}, "No.", "x") is None
    assert refusal({"session_id": "s"}, "No.", "x") is None


def test_a_refusal_is_an_error_or_the_limit_that_was_reached() -> None:
    found = refusal({"session_id": "s", "conv_id": 7}, "No.", "invalid_message")
    assert found
    assert (found["conv_id"], found["status"]) == ("7", "error")
    assert found["message"] == found["content"][0]["text"] == "No."
    limited = refusal({"session_id": "s", "conv_id": "c"}, "Wait.", "overlimit")
    assert limited
    assert limited["status"] == limited["content"][0]["status"] == "overlimit"
