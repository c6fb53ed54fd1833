"""Parse a request's body as far as planning needs; Postgres parses its values.

Follows PostgREST's ApiRequest/Payload.hs.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast
from urllib.parse import parse_qsl

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.request import media

_WHITESPACE: Final = b" \t\n\r"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body: `raw` is JSON for Postgres, `keys` are its columns or arguments.

    A form that is posted to a function sets `arguments` instead.
    """

    raw: bytes
    keys: tuple[str, ...] = ()
    is_object: bool = False
    arguments: tuple[tuple[str, str], ...] | None = None


def parse_payload(
    body: bytes, content_type: str, columns: tuple[str, ...] | None, *, for_routine: bool
) -> Payload:
    """Parse the body by its content type; raises PGRST102 if it is malformed."""
    if content_type == media.JSON:
        return _parse_json(body, columns, empty_is_object=for_routine)
    if content_type == media.CSV:
        return _parse_csv(body)
    if content_type == media.FORM:
        return _parse_form(body, for_routine=for_routine)
    if for_routine and content_type in {media.TEXT, media.BYTES, "text/xml"}:
        return Payload(body)
    raise _invalid(f"Content-Type not acceptable: {content_type}")


def _invalid(reason: str) -> RestError:
    return rest_error("PGRST102", reason=reason)


def _parse_json(body: bytes, columns: tuple[str, ...] | None, *, empty_is_object: bool) -> Payload:
    if not body and empty_is_object:
        body = b"{}"
    if columns is not None:
        return Payload(body, columns, body.lstrip(_WHITESPACE)[:1] == b"{")
    value = _load_json(body)
    if isinstance(value, dict):
        return Payload(body, tuple(cast("dict[str, Any]", value)), is_object=True)
    if isinstance(value, list) and value:
        return Payload(body, _uniform_keys(cast("list[Any]", value)))
    return Payload(b"[]")


def _load_json(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise _invalid("Empty or invalid json") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _uniform_keys(rows: list[Any]) -> tuple[str, ...]:
    first: object = rows[0]
    if not isinstance(first, dict):
        raise _invalid("All object keys must match")
    keys = cast("dict[str, Any]", first).keys()
    for row in rows:
        if not isinstance(row, dict) or cast("dict[str, Any]", row).keys() != keys:
            raise _invalid("All object keys must match")
    return tuple(keys)


def _parse_csv(body: bytes) -> Payload:
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise _invalid("Empty or invalid csv") from exc
    if not lines:
        raise _invalid("not enough input")
    header, *rows = lines
    if any(len(row) != len(header) for row in rows):
        raise _invalid("All lines must have same number of fields")
    records = [dict(zip(header, map(_csv_value, row), strict=True)) for row in rows]
    return Payload(json.dumps(records).encode(), tuple(header) if rows else ())


def _csv_value(text: str) -> str | None:
    return None if text == "NULL" else text


def _parse_form(body: bytes, *, for_routine: bool) -> Payload:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError as exc:
        raise _invalid("Empty or invalid form") from exc
    values: Mapping[str, str] = dict(pairs)
    if for_routine:
        return Payload(b"", tuple(values), arguments=tuple(pairs))
    return Payload(json.dumps(values).encode(), tuple(values), is_object=True)
