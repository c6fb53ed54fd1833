"""Translate Postgres' errors to RestError, by SQLSTATE.

Follows PostgREST's Error.hs (pgErrorStatus); docs.postgrest.org, "Errors", lists the statuses.
"""

import json
import re
from typing import Any, Final, cast

import psycopg

from edge.emulator.rest.errors import RestError, rest_error

_EXACT: Final = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "22023": 400,
}
_BY_CLASS: Final = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "21": 500,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CHALLENGE: Final = {"www-authenticate": "Bearer"}


def translate(error: psycopg.Error, *, is_anonymous: bool) -> RestError:
    """Return the error response; `is_anonymous` makes 42501 a 401 instead of a 403."""
    state = error.sqlstate
    if state is None:
        return _client_side(error)
    message = error.diag.message_primary or ""
    if state == "PGRST":
        return _raised_response(message, error.diag.message_detail)
    status = _status(state, message, is_anonymous=is_anonymous)
    return RestError(
        state,
        status,
        message,
        details=error.diag.message_detail,
        hint=error.diag.message_hint,
        headers=_CHALLENGE if status == 401 else None,
    )


def permission_denied(kind: str, name: str, *, is_anonymous: bool) -> RestError:
    """Return what Postgres raises for a missing privilege."""
    headers = _CHALLENGE if is_anonymous else None
    status = 401 if is_anonymous else 403
    return RestError("42501", status, f"permission denied for {kind} {name}", headers=headers)


def _client_side(error: psycopg.Error) -> RestError:
    """Translate errors without SQLSTATE: NUL in text, or a lost connection."""
    if isinstance(error, psycopg.DataError):
        return RestError("22021", 400, 'invalid byte sequence for encoding "UTF8"')
    return rest_error("PGRST001", details=str(error))


def _status(state: str, message: str, *, is_anonymous: bool) -> int:
    if state == "42501":
        return 401 if is_anonymous else 403
    if state == "22023" and message.startswith("role") and message.endswith("does not exist"):
        return 401
    if state == "21000" and message.endswith("requires a WHERE clause"):
        return 400
    if state.startswith("PT"):
        return _custom_status(state[2:])
    return _EXACT.get(state) or _BY_CLASS.get(state[:2], 400)


def _custom_status(digits: str) -> int:
    is_status = digits.isascii() and digits.isdecimal() and is_final_status(int(digits))
    return int(digits) if is_status else 500


def is_final_status(status: int) -> bool:
    """Whether a response may have the status; 1xx only announce one."""
    return 200 <= status <= 599


def is_header(name: str, value: object) -> bool:
    """Whether a header can be sent; a line break in it would begin another one."""
    text = str(value)
    return bool(_HEADER_NAME.fullmatch(name)) and text.isprintable() and not _SURROGATE.search(text)


def _raised_response(message: str, detail: str | None) -> RestError:
    """Render the response that a function raised as JSON with `raise sqlstate 'PGRST'`."""
    body = _json_object(message)
    if not isinstance(body.get("code"), str) or not isinstance(body.get("message"), str):
        return rest_error(
            "PGRST121",
            details=f"Invalid JSON value for MESSAGE: '{message}'",
            hint="MESSAGE must be a JSON object with obligatory keys: 'code', 'message'"
            " and optional keys: 'details', 'hint'.",
        )
    options = _json_object(detail or "")
    status, headers = options.get("status"), options.get("headers")
    if not isinstance(status, int) or not is_final_status(status) or not isinstance(headers, dict):
        return _invalid_detail(detail)
    headers = cast("dict[str, Any]", headers)
    if not all(is_header(*pair) for pair in headers.items()):
        return _invalid_detail(detail)
    headers = {key.lower(): str(value) for key, value in headers.items()}
    return RestError(
        body["code"],
        status,
        body["message"],
        details=body.get("details"),
        hint=body.get("hint"),
        headers=headers,
    )


def _invalid_detail(detail: str | None) -> RestError:
    details = (
        "DETAIL is missing in the RAISE statement"
        if detail is None
        else f"Invalid JSON value for DETAIL: '{detail}'"
    )
    return rest_error(
        "PGRST121",
        details=details,
        hint="DETAIL must be a JSON object with obligatory keys: 'status', 'headers'"
        " and optional key: 'status_text'.",
    )


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
