"""A request's page: headers however they are stored, differences of answers."""

from console.views.request import body_text, diff_lines, header_pairs


def test_headers_are_pairs_or_an_object() -> None:
    assert header_pairs({"a": "1"}) == [("a", "1")]
    assert header_pairs([["a", "1"], ["a", "2"]]) == [("a", "1"), ("a", "2")]
    assert header_pairs(None) == []


def test_bytes_are_named_by_their_size() -> None:
    assert body_text({"encoding": "base64", "body": "AAEC"}) == "3 bytes that are no text"
    assert body_text({"encoding": "utf8", "body": "<b>"}) == "<b>"


def test_equal_answers_have_no_difference() -> None:
    assert diff_lines("a\nb", "a\nb") == []
    assert [line for line in diff_lines("a\nb", "a\nc") if line[0] != "same"] == [
        ("old", "-b"),
        ("new", "+c"),
    ]
