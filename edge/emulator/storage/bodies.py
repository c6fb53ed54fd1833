"""Read JSON bodies, with the messages of upstream's schema validator (Fastify's ajv)."""

import json
import re
from typing import Any, Final, cast

from starlette.requests import Request

from edge.bodies import BodyTooLongError, read_at_most
from edge.emulator.dense_json import is_dense, loads
from edge.emulator.storage.errors import invalid_request, storage_error

Body = dict[str, Any]

_MAX_BODY: Final = 1024 * 1024
_NOT_JSON: Final = "Body is not valid JSON but content-type is set to 'application/json'"
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([gmk]?b)", re.IGNORECASE)
_UNITS: Final = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_SIZE_PATTERN: Final = "^[0-9]+(?:\\.[0-9]+)?(?:[gG][bB]|[mM][bB]|[kK][bB]|[bB])$"


async def read_json(request: Request, *, may_be_empty: bool = False) -> Body:
    """Return the body's JSON object. Raises InvalidRequest."""
    try:
        data = await read_at_most(request, _MAX_BODY)
    except BodyTooLongError as exc:
        raise storage_error("EntityTooLarge") from exc
    if not data:
        if may_be_empty:
            return {}
        raise invalid_request("body must be object")
    if is_dense(data):
        raise invalid_request("body must hold fewer values")
    try:
        value = loads(data)
    except ValueError as exc:
        raise invalid_request(_NOT_JSON, "FastifyError") from exc
    if not isinstance(value, dict):
        raise invalid_request("body must be object")
    return cast("Body", value)


def require(body: Body, name: str) -> Any:
    """Return a field's value. Raises InvalidRequest if it is missing."""
    if body.get(name) is None:
        raise invalid_request(f"body must have required property '{name}'")
    return body[name]


def require_text(body: Body, name: str) -> str:
    """Return a field's text; numbers are converted, as the validator does."""
    value = require(body, name)
    if isinstance(value, (dict, list)):
        raise invalid_request(f"body/{name} must be string")
    return value if isinstance(value, str) else json.dumps(value)


def read_integer(body: Body, name: str, default: int) -> int:
    """Return a field's integer, also from text. Raises InvalidRequest."""
    value = body.get(name, default)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if not isinstance(value, int):
        raise invalid_request(f"body/{name} must be integer")
    return value


def read_flag(body: Body, name: str) -> bool | None:
    """Return a field's boolean, also from text; None if it is not set."""
    value = body.get(name)
    if value in (None, True, False):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise invalid_request(f"body/{name} must be boolean")


def read_texts(body: Body, name: str) -> list[str] | None:
    """Return a field's list of texts; None if it is not set."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise invalid_request(f"body/{name} must be array")
    items = cast("list[Any]", value)
    return [each if isinstance(each, str) else json.dumps(each) for each in items]


def read_size(body: Body, name: str) -> int | None:
    """Return a size in bytes from a number or a text like `20MB`, whose units are decimal."""
    value = body.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, (bool, int)):
        return int(value)
    fault = f"body/{name} must be integer, "
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]{1,18}", value):
            return int(value)
        if match := _SIZE.fullmatch(value):
            return int(float(match[1]) * _UNITS[match[2].lower()])
        fault += f'body/{name} must pass "finite" keyword validation, '
    fault += f'body/{name} must match pattern "{_SIZE_PATTERN}", '
    raise invalid_request(f"{fault}body/{name} must match a schema in anyOf")
