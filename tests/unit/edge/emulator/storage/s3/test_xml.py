"""XML: escaped in answers, and read from requests without entities or depth."""

import pytest

from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.s3.xml import Xml, parse_xml


def test_answers_escape_text_and_leave_out_what_is_not_set() -> None:
    answer = Xml("R", [("A", "<&>\x00"), ("B", None), ("C", False), ("D", ""), ("E", [("F", 1)])])
    assert bytes(answer.body).decode().partition("doc/2006-03-01/")[2] == (
        '"><A>&lt;&amp;&gt;\ufffd</A><C>false</C><D/><E><F>1</F></E></R>'
    )


def test_requests_are_read_with_and_without_a_namespace() -> None:
    for begin in ("<Delete>", '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'):
        text = f"{begin}<Object><Key>a &amp; b</Key></Object><Object><Key/></Object></Delete>"
        root = parse_xml(text.encode())
        assert [each.value("Key") for each in root.all("Object")] == ["a & b", ""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a>",
        "no xml",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a>" * 100 + "</a>" * 100,
        "<a>\x00</a>",
        "<a>" + "<b/>" * 100_000 + "</a>",
    ],
)
def test_documents_that_are_refused(text: str) -> None:
    with pytest.raises(StorageError) as refused:
        parse_xml(text.encode())
    assert refused.value.code == "MalformedXML"
