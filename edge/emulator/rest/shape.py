"""The shape of a request: everything but the values of its filters, its arguments and its body.

Requests of one shape are parsed, planned and rendered once. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote_plus

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.params import looks_like_condition
from edge.emulator.rest.record import record
from edge.emulator.rest.request import media
from edge.emulator.rest.request.api_request import RawRequest
from edge.emulator.rest.request.payload import Payload, parse_payload

HEADERS: Final = (
    "accept",
    "accept-profile",
    "content-profile",
    "content-type",
    "prefer",
    "range",
    "range-unit",
)
"""The headers that parsing and planning read."""
_MAX_QUERY: Final = 8 * 1024
_WITH_BODY: Final = frozenset({"POST", "PATCH", "PUT"})
_CONDITION: Final = re.compile(
    rb"(?:not\.)?(?:(in)|eq|neq|gte?|lte?|i?like|i?match|isdistinct|cs|cd|ov)\."
)
_ELEMENTS: Final = re.compile(r'\(([^\s()"\\,][^()"\\,]*(?:,[^()"\\,]*)*)\)')
_NUMBER: Final = re.compile(rb"[1-9][0-9]{0,17}")
_RESERVED: Final = frozenset({b"select", b"columns", b"on_conflict", b"order", b"limit", b"offset"})


Source = str | tuple[str, ...] | bytes


class Offset(str):
    """How many rows to leave out: a whole number above zero."""

    __slots__ = ()


class Limit(str):
    """How many rows to return at most: a whole number above zero, within `max_rows`."""

    __slots__ = ()


_NUMBERS: Final[dict[bytes, type[Offset | Limit]]] = {b"offset": Offset, b"limit": Limit}


@record
class Shape:
    """A request without its `values`; hashable by `key`.

    `parts` are those of the query string, each whole or the start of one that ends in a value; a
    value that is a tuple is the list of an `in`.
    """

    key: tuple[object, ...]
    parts: tuple[tuple[bytes, bool], ...]
    values: tuple[str | tuple[str, ...], ...]
    payload: Payload | None

    @property
    def rows(self) -> dict[str, int]:
        """The offset and the limit of the resource itself, where they are values."""
        found: dict[str, int] = {}
        values = iter(self.values)
        for part, is_open in self.parts:
            value = next(values) if is_open else ""
            if part == b"offset=" and isinstance(value, Offset):
                found["offset"] = int(value)
            elif part == b"limit=" and isinstance(value, Limit):
                found["limit"] = int(value)
        return found

    @property
    def sources(self) -> tuple[Source, ...]:
        """The values, and the body if there is one."""
        return (*self.values, self.payload.raw) if self.payload else self.values

    def with_sources(self, raw: RawRequest, sources: Sequence[Source]) -> RawRequest:
        """Return the request with other values and another body."""
        rest = iter(sources)
        query = [part + _quote(next(rest)) if is_open else part for part, is_open in self.parts]
        body = next(rest, b"")
        payload = self.payload and replace(
            self.payload, raw=body if isinstance(body, bytes) else b""
        )
        return replace(raw, query=b"&".join(query), body=b"", payload=payload)


def _quote(value: Source) -> bytes:
    text = f"({','.join(value)})" if isinstance(value, tuple) else value
    return quote(text, safe="").encode()


def derive_shape(raw: RawRequest, max_rows: int | None = None) -> Shape | None:
    """Return the request's shape; None if it has to be parsed by itself.

    A limit above `max_rows`, which replaces it, is part of the shape.
    """
    if len(raw.query) > _MAX_QUERY or b"columns=" in raw.query:
        return None
    takes_arguments = raw.method in {"GET", "HEAD"} and raw.path.startswith("/rpc/")
    values: list[str | tuple[str, ...]] = []
    has_range = "range" in raw.headers  # it is intersected with limit and offset
    try:
        parts = tuple(
            (None if has_range else _split_number(part, values, max_rows))
            or _split(part, values, takes_arguments=takes_arguments)
            for part in raw.query.split(b"&")
        )
        payload = _parse_payload(raw)
    except (ValueError, RestError):
        return None
    if payload and payload.arguments is not None:
        return None
    form = payload and (payload.keys, payload.is_object, payload.is_table)
    headers = tuple(map(raw.headers.get, HEADERS))
    return Shape((raw.method, raw.path, parts, headers, form), parts, tuple(values), payload)


def _split_number(
    part: bytes, values: list[str | tuple[str, ...]], max_rows: int | None
) -> tuple[bytes, bool] | None:
    key, _, text = part.partition(b"=")
    kind = _NUMBERS.get(key.rpartition(b".")[2])
    if kind is None or not _NUMBER.fullmatch(text):
        return None
    if kind is Limit and max_rows is not None and int(text) > max_rows:
        return None
    values.append(kind(text.decode()))
    return part[: len(key) + 1], True


def _split(
    part: bytes, values: list[str | tuple[str, ...]], *, takes_arguments: bool
) -> tuple[bytes, bool]:
    """Return the part up to its value, and whether it has one, which is added to `values`."""
    key, equals, text = part.partition(b"=")
    found = _CONDITION.match(text)
    if found:
        value = _decode(text[found.end() :])
        if not found[1]:
            values.append(value)
        elif elements := _ELEMENTS.fullmatch(value):
            values.append(tuple(elements[1].split(",")))
        else:
            return part, False
        return part[: len(key) + 1 + found.end()], True
    if takes_arguments and equals and key not in _RESERVED:
        value = _decode(text)
        if not looks_like_condition(value):
            values.append(value)
            return part[: len(key) + 1], True
    return part, False


def _decode(text: bytes) -> str:
    decoded = text.decode("ascii")
    if "%" in decoded or "+" in decoded:
        return unquote_plus(decoded, errors="strict")
    return decoded


def _parse_payload(raw: RawRequest) -> Payload | None:
    if raw.payload or raw.method not in _WITH_BODY:
        return raw.payload
    content_type = media.parse_content_type(raw.headers.get("content-type"))
    return parse_payload(raw.body, content_type, None, for_routine=raw.path.startswith("/rpc/"))
