"""What of a call a model reads, and when it is believed."""

import pytest

from functions.retell_webhook.opt_out_review import OptOut, confirm, render_transcript
from shared.telephony.retell import parse_event

CALL = {
    "call_id": "c",
    "transcript": "Agent: Hello.\nUser: Well, that\u2019s it. Never again, thank you.",
}


def test_the_roles_are_named_as_in_the_prompt() -> None:
    event = parse_event("call_ended", CALL)

    assert render_transcript(event) == (
        "Agent: Hello.\nPerson: Well, that\u2019s it. Never again, thank you."
    )


def test_of_a_long_conversation_the_end_is_read() -> None:
    lines = [f"User: Point {number} and so on." for number in range(5_000)]

    text = render_transcript(parse_event("call_ended", {"transcript": "\n".join(lines)}))

    assert text.endswith("Person: Point 4999 and so on.")
    assert 11_000 < len(text) < 13_000


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (OptOut(opted_out=True, quote="Never again, thank you."), "Never again, thank you."),
        (OptOut(opted_out=True, quote="NEVER AGAIN"), "NEVER AGAIN"),
        (OptOut(opted_out=True, quote="that's it"), "that's it"),
        (OptOut(opted_out=True, quote="Take me off your list."), None),
        (OptOut(opted_out=True, quote="Hello."), None),
        (OptOut(opted_out=True, quote=""), None),
        (OptOut(opted_out=False, quote="Never again, thank you."), None),
    ],
)
def test_only_words_of_the_person_are_believed(judgement: OptOut, words: str | None) -> None:
    assert confirm(judgement, parse_event("call_ended", CALL)) == words
