"""Parse a request's body as far as planning needs; Postgres parses its values.

Follows PostgREST's ApiRequest/Payload.hs. Large bodies are not parsed here: see `body.py`.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast
from urllib.parse import parse_qsl

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.record import record
from edge.emulator.rest.request import media
from edge.emulator.rest.request.csv_table import CsvError, convert_csv, open_csv

MAX_ROWS: Final = 1_000_000
"""Of one request."""
MAX_FIELDS: Final = 2_000
"""Of a form: a table has at most 1,600 columns."""
_WHITESPACE: Final = b" \t\n\r"


@record
class Payload:
    """A body: `raw` is JSON for Postgres, `keys` are its columns or arguments.

    It holds one object, or an array of objects, or for a table (CSV) an array of arrays, each with
    the values of `keys`. A form that is posted to a function sets `arguments` instead.
    """

    raw: bytes
    keys: tuple[str, ...] = ()
    is_object: bool = False
    is_table: bool = False
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
    raise invalid_body(f"Content-Type not acceptable: {content_type}")


def invalid_body(reason: str) -> RestError:
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
        raise invalid_body("Empty or invalid json") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _uniform_keys(rows: list[Any]) -> tuple[str, ...]:
    first: object = rows[0]
    if not isinstance(first, dict):
        raise invalid_body("All object keys must match")
    keys = cast("dict[str, Any]", first).keys()
    for row in rows:
        if not isinstance(row, dict) or cast("dict[str, Any]", row).keys() != keys:
            raise invalid_body("All object keys must match")
    return tuple(keys)


def _parse_csv(body: bytes) -> Payload:
    try:
        header, *rows = convert_csv(open_csv(body), MAX_ROWS)
    except CsvError as exc:
        raise invalid_body(str(exc)) from exc
    return table_payload(header, "".join(rows).encode())


def table_payload(header: str | bytes, rows: bytes) -> Payload:
    """Return the payload of a converted CSV."""
    is_empty = rows == b"[]"
    return Payload(rows, () if is_empty else tuple(json.loads(header)), is_table=not is_empty)


def _parse_form(body: bytes, *, for_routine: bool) -> Payload:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as exc:
        raise invalid_body("Empty or invalid form") from exc
    values: Mapping[str, str] = dict(pairs)
    if for_routine:
        return Payload(b"", tuple(values), arguments=tuple(pairs))
    return Payload(json.dumps(values).encode(), tuple(values), is_object=True)
