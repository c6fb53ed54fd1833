"""XML of the S3 protocol: answers, and small requests without entities.

A document is a tree of pairs: an element's name, and its text or its children.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from starlette.responses import Response

from edge.emulator.storage.errors import StorageError

Node = tuple[str, "str | int | bool | Iterable[Node] | None"]

MAX_BODY: Final = 4 * 1024 * 1024
_MEDIA_TYPE: Final = "application/xml; charset=utf-8"
_PROLOG: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_DEPTH: Final = 8
_MAX_ELEMENTS: Final = 100_000
"""Of 10,000 parts, each with its checksums."""


class Xml(Response):
    """An answer of one element in the namespace of S3."""

    media_type = _MEDIA_TYPE

    def __init__(self, name: str, value: "str | Iterable[Node]", status_code: int = 200) -> None:
        document = f'{_PROLOG}<{name} xmlns="{_NAMESPACE}">{_text(value)}</{name}>'
        super().__init__(document, status_code)


def error_response(error: StorageError, resource: str, *, with_body: bool = True) -> Response:
    """Return an error as S3 does, with its true status."""
    if not with_body:
        return Response(status_code=error.true_status, media_type=_MEDIA_TYPE)
    nodes: list[Node] = [("Resource", resource), ("Code", error.code), ("Message", error.message)]
    return Xml("Error", nodes, error.true_status)


def _render(node: Node) -> str:
    name, value = node
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else _text(value)
    return f"<{name}>{text}</{name}>" if text else f"<{name}/>"


def _text(value: "str | int | Iterable[Node]") -> str:
    if isinstance(value, (str, int)):
        return html.escape(_UNPRINTABLE.sub("\ufffd", str(value)), quote=False)
    return "".join(_render(child) for child in value)


@dataclass(slots=True)
class Element:
    """An element of a request's body."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list["Element"])

    def all(self, name: str) -> list["Element"]:
        return [child for child in self.children if child.name == name]

    def value(self, name: str) -> str | None:
        """Return the text of the first child of that name."""
        return next((child.text for child in self.children if child.name == name), None)


def parse_xml(data: bytes) -> Element:
    """Parse a body. Raises MalformedXML, also for a document type, too many elements or levels."""
    root = Element("")
    open_elements = [root]
    count = 0

    def begin(name: str, _attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(open_elements) > _MAX_DEPTH or count > _MAX_ELEMENTS:
            raise ValueError("too deep, or too many")
        element = Element(name.rpartition(":")[2])
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_name: str) -> None:
        open_elements.pop()

    def take(text: str) -> None:
        open_elements[-1].text += text

    def refuse(*_declaration: object) -> None:
        raise ValueError("document types are refused")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = take
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as exc:
        message = "The XML you provided was not well-formed"
        raise StorageError("MalformedXML", 400, "MalformedXML", message) from exc
    return root.children[0]
