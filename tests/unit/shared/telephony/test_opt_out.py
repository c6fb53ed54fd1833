"""People who want no more calls, or a call at another time, in what was said and analysed."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from shared.telephony.analysis import find_callback, has_opt_out_field
from shared.telephony.opt_out import find_opt_out
from shared.telephony.retell import parse_event

FOLDER = Path(__file__).with_name("opt_out")


def said(*turns: str) -> dict[str, Any]:
    return {"transcript": "\n".join(("Agent: Hello, do you have a minute?", *turns))}


@pytest.mark.parametrize(
    "words",
    [
        "Please stop calling me!",
        "STOP CALLING.",
        "Take me off your list.",
        "Could you remove my number, please?",
        "No. Don\u2019t call me again.",
        "Don't ever call here",
        "I do not want any more calls",
        "We'd like to be removed from this.",
        "Lose my number",
        "Put me on your do not call list.",
        "I want to opt out",
        "no more calls, thank you",
        "Who are you? Never call me again, okay?",
        "No me llamen m\u00e1s, por favor.",
        "Deje de llamar.",
        "Rufen Sie mich bitte nicht mehr an.",
        "Ne m'appelez plus. Ne me rappelez plus.",
    ],
)
def test_who_wants_no_more_calls_is_heard(words: str) -> None:
    assert find_opt_out(said(f"User: {words}"))


@pytest.mark.parametrize(
    "words",
    [
        "Yes, tell me more.",
        "Don't call me before noon, call me at two.",
        "I'm not asking you to stop calling, just later.",
        "I've been calling support all week.",
        "They never call back.. I mean your support does not answer.",
        "Could you remove the second line item?",
        "We stopped calling it a pilot.",
        "I don't want to miss your call.",
        "You can call me again tomorrow.",
        "The call quality is bad.",
    ],
)
def test_who_wants_something_else_is_not_taken_for_one(words: str) -> None:
    assert find_opt_out(said(f"User: {words}")) is None


def read_sentences(name: str) -> list[tuple[str, bool, str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [(line[:2], line[3] == "+", line[5:]) for line in lines if line[3:5] in ("+ ", "- ")]


def measure(name: str) -> tuple[float, float]:
    """Print recall and precision over the sentences of a file by language; return them over all."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for language, is_one, words in read_sentences(name):
        found = find_opt_out(said(f"User: {words}")) is not None
        counts[language][("missed", "heard")[found] if is_one else ("quiet", "wrong")[found]] += 1
        if found != is_one:
            print(f"  {'missed' if is_one else 'wrong'}: {words}")  # noqa: T201
    for language, count in counts.items():
        report(f"{name}, {language}", count)
    return report(name, sum(counts.values(), Counter()))


def report(title: str, count: Counter[str]) -> tuple[float, float]:
    recall = count["heard"] / (count["heard"] + count["missed"])
    precision = count["heard"] / (count["heard"] + count["wrong"])
    print(  # noqa: T201
        f"{title}: {count.total()} sentences, recall {recall:.1%}, precision {precision:.1%}"
    )
    return recall, precision


@pytest.mark.parametrize(
    "name",
    [
        "corpus.txt",
        "more.txt",
        "held_out.txt",
        "varied.txt",
        "rounds.txt",
        "more_rounds.txt",
        "calls.txt",
    ],
)
def test_the_corpus_is_heard_right(name: str) -> None:
    recall, precision = measure(name)

    assert recall >= 0.99
    assert precision >= 0.97


def test_half_of_the_corpus_are_no_opt_outs() -> None:
    kinds = [is_one for _, is_one, _ in read_sentences("corpus.txt")]

    assert len(kinds) >= 300
    assert 0.45 <= sum(kinds) / len(kinds) <= 0.55


@pytest.mark.parametrize("apostrophe", ["'", "\u2019", " ", "`"])
def test_apostrophes_are_read_as_they_are_typed(apostrophe: str) -> None:
    words = f"Ne m{apostrophe}appelez plus, s{apostrophe}il vous pla\u00eet."

    assert find_opt_out(said(f"User: {words}"))


def test_an_opt_out_is_heard_in_a_long_conversation() -> None:
    talk = ["User: We would need to compare the price with what the delay costs us."] * 300

    for words in (
        "Rufen Sie mich nicht mehr an.",
        "No me llamen m\u00e1s.",
        "\u505c\u3002",
    ):
        assert find_opt_out(said(*talk, f"User: {words}", *talk))
    assert find_opt_out(said(*talk)) is None


def test_a_keyword_that_the_agent_offered_is_an_answer() -> None:
    assert find_opt_out(said("Agent: Shall I confirm or cancel?", "User: Cancel.")) is None
    assert find_opt_out(said("Agent: Our premium plan costs ten dollars.", "User: Cancel."))


def test_only_what_the_person_says_counts() -> None:
    assert find_opt_out(said("Agent: If you want, say: stop calling me.", "User: No, no.")) is None


def test_who_takes_up_the_offer_is_heard() -> None:
    offer = "Agent: Shall I take you off our list?"

    assert find_opt_out(said(offer, "User: Yes, please.")) == "Yes, please."
    assert find_opt_out(said(offer, "User: No, it's fine.")) is None
    assert find_opt_out(said(offer, "User: No.", "Agent: Shall we meet?", "User: Yes.")) is None


def test_the_transcript_in_pieces_goes_before_its_text() -> None:
    pieces = [
        {"role": "agent", "content": "Hello."},
        {"role": "user", "content": "Stop calling me."},
        {"role": "transfer_target", "content": "Don't call me."},
        {"role": "user"},
        "odd",
    ]

    assert find_opt_out({"transcript_object": pieces, "transcript": "User: Hi."}) == (
        "stop calling me"
    )


@pytest.mark.parametrize(
    "call", [{}, {"transcript": None}, {"transcript": 5}, {"transcript_object": {"a": 1}}]
)
def test_without_words_nothing_is_found(call: dict[str, Any]) -> None:
    assert find_opt_out(call) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"do_not_call": True},
        {"Do Not Call": "Yes"},
        {"dnc": "true"},
        {"opted_out": 1},
        {"optOut": False, "unsubscribe": True},
    ],
)
def test_a_field_of_the_analysis_opts_out(fields: dict[str, Any]) -> None:
    assert has_opt_out_field(fields)


@pytest.mark.parametrize(
    "fields", [{}, {"do_not_call": False}, {"dnc": "no"}, {"interest": True}, {"dnc": None}]
)
def test_other_fields_of_the_analysis_do_not(fields: dict[str, Any]) -> None:
    assert has_opt_out_field(fields) is None


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ({"callback_at": "2026-06-05T15:00:00+02:00"}, "2026-06-05T13:00:00+00:00"),
        ({"callback_time": "2026-06-05T15:00:00Z"}, "2026-06-05T15:00:00+00:00"),
        ({"Callback Time": "2026-06-05 15:00"}, "2026-06-05T15:00:00"),
        ({"requested_callback_time": "2026-06-05"}, "2026-06-05T00:00:00"),
        ({"callback_at": "tomorrow at three"}, None),
        ({"callback_at": "9999-12-31T23:59:59-12:00"}, None),
        ({"callback_at": None}, None),
        ({"callback": "2026-06-05"}, None),
    ],
)
def test_a_field_of_the_analysis_asks_for_a_time(
    fields: dict[str, Any], moment: str | None
) -> None:
    assert find_callback(fields) == moment


def test_an_event_carries_what_was_found_in_it() -> None:
    call = {
        **said("User: Stop calling."),
        "call_id": "c",
        "call_analysis": {"custom_analysis_data": {"callback_at": "2026-06-05T15:00"}},
    }

    arguments = parse_event("call_analyzed", call).arguments()

    assert arguments["payload"] == call
    assert (arguments["opt_out"], arguments["callback_at"]) == (
        "stop calling",
        "2026-06-05T15:00:00",
    )
    assert "opt_out" not in parse_event("call_started", call).arguments()
