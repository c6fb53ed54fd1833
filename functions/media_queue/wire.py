"""The forms of a request and of a result in Upstash's REST API."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

from pydantic_core import from_json, to_json

from shared.errors import BadInputError


def parse_body(body: bytes) -> Any:
    """Parse a body that is a command, or several."""
    try:
        return from_json(body)
    except ValueError:
        raise BadInputError("ERR the body is not valid JSON") from None


def parse_path(scope: Mapping[str, Any], function: str, body: bytes) -> list[str]:
    """Return the command in the path, each part decoded by itself, and a body as its last part."""
    raw = cast("bytes", scope.get("raw_path") or b"").partition(b"?")[0].decode("latin-1")
    command = [unquote(part) for part in raw.strip("/").split("/")]
    if command[0] == function:  # platforms differ in whether the function sees its own name
        command = command[1:]
    if body:
        try:
            command.append(body.decode())
        except UnicodeDecodeError:
            raise BadInputError("ERR the body is not valid UTF-8") from None
    return command


def encode(result: Any, is_base64: bool) -> Any:
    """Encode the strings of a result as the client asks; OK is never encoded."""
    if not is_base64:
        return result
    if isinstance(result, list):
        return [encode(part, True) for part in cast("list[Any]", result)]
    if isinstance(result, str) and result != "OK":
        return b64encode(result.encode("utf-8", "replace")).decode()
    return result


def render_value(value: Any) -> str:
    """Return a message as the text that was sent, a job's payload as JSON."""
    return value if isinstance(value, str) else to_json(value).decode()
