"""Quotes of a model count only if they stand in a passage."""

from functions.search_transcripts.answer import find_quotes

PASSAGES = [
    {"text": "Bob: That is too\n expensive for us.", "video_id": "a", "title": "A", "start": 3.0},
    {"text": "Ann: I understand. Shall we compare?", "video_id": "b", "title": "B"},
]


def test_quotes_are_found_where_they_stand() -> None:
    found = find_quotes(["“That is too expensive for us.”", "shall we compare?"], PASSAGES)
    assert [(each["video_id"], each["start"]) for each in found] == [("a", 3.0), ("b", None)]


def test_what_does_not_stand_there_is_dropped() -> None:
    invented = ["It is far too expensive for us.", "us. Ann: I understand", "Bob", "", "? !"]
    assert find_quotes(invented, PASSAGES) == []
    assert len(find_quotes(["too expensive for us"] * 9, PASSAGES)) == 1
