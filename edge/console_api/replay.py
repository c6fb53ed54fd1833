"""POST /requests/{id}/replay: send a recorded request again, and compare the answers."""

import asyncio
import difflib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

import httpx
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.body import read_body
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError
from edge.console_api.requests import decode, find_body, find_request
from edge.console_api.sending import Outgoing, Pair, keys_for, read_content, read_headers, send
from edge.console_api.streams import recorder_of
from edge.recording.redaction import REDACTED
from edge.recording.rows import CUT

_LONGEST: Final = 1 << 20
_MOST_LINES: Final = 2000
_VARYING: Final = frozenset(
    (
        *("date", "content-length", "sb-request-id", "x-execution-id", "x-request-id", "server"),
        *("x-served-by", "sb-error-code", "connection", "transfer-encoding"),
    )
)


class ReplayRequest(BaseModel):
    """The body of a replay; what is left out is as it was recorded."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    as_: Annotated[Any, Field(alias="as")] = "same"
    body: Any = None
    headers: Any = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answer to a replay, and the id that it is recorded under."""

    id: str
    status: int
    headers: list[Pair]
    body: bytes
    is_cut: bool


async def replay(context: ConsoleContext, request_id: str, asked: ReplayRequest) -> Replayed:
    """Send the request again. Raises ApiError if what is stored of it does not suffice."""
    recorder = recorder_of(context)
    async with context.database() as connection:
        row = await find_request(connection, request_id)
        stored = await find_body(connection, row, "request")
    attributes = cast("dict[str, Any]", row["attributes"] or {})
    if attributes.get("network.protocol.name") == "websocket":
        raise ApiError(
            409, "WEBSOCKET", "A WebSocket cannot be replayed.", "Its messages are not stored."
        )
    if row["path"].endswith(CUT):
        raise ApiError(
            409,
            "PATH_TRUNCATED",
            "Only the beginning of this request's path is stored: it is longer than"
            " 2,000 characters.",
            "Call the whole path yourself: with curl, or by the form of the function's page.",
        )
    headers = cast("list[Pair]", [tuple(pair) for pair in stored["headers"]] if stored else [])
    changed = read_headers(asked.headers) if asked.headers is not None else []
    names = {name.lower() for name, _ in changed}
    kept = [(n, v) for n, v in headers if n not in names and REDACTED not in v]
    content = await asyncio.to_thread(_content, stored, asked.body)
    if row["query"] and REDACTED in row["query"]:
        raise _redacted("query")
    path = row["path"] + (f"?{row['query']}" if row["query"] else "")
    keys = await keys_for(context, asked.as_, row)
    outgoing = Outgoing(row["method"], path, keys, [*kept, *changed], content)
    mark = recorder.mark(str(row["id"]))
    async with send(context, outgoing, mark) as response:
        body, is_cut = await _read(response)
    pairs = [(name.lower(), value) for name, value in response.headers.multi_items()]
    return Replayed(mark[1].request_id, response.status_code, pairs, body, is_cut)


def _content(stored: Mapping[str, Any] | None, edited: Any) -> bytes:
    if edited is not None:
        return read_content(edited)
    if stored is None or stored["truncated"]:
        raise ApiError(
            409,
            "BODY_TRUNCATED",
            "Only the beginning of this request's body is stored.",
            "Send the whole body: `body` of the replay, or edge replay ID --body @FILE",
        )
    if stored["redacted"]:
        raise _redacted("body")
    return bytes(stored["head"])


def _redacted(part: str) -> ApiError:
    return ApiError(
        409,
        "BODY_REDACTED",
        f"Secrets were removed from this request's {part} before it was stored.",
        "Send the body with them: `body` of the replay, or edge replay ID --body @FILE",
    )


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > _LONGEST:
            break
    return b"".join(parts)[:_LONGEST], size > _LONGEST


async def _replay(request: Request) -> Response:
    context = context_of(request)
    asked = await read_body(request, ReplayRequest)
    request_id = request.path_params["id"]
    replayed = await replay(context, request_id, asked)
    async with context.database() as connection:
        row = await find_request(connection, request_id)
        before = await find_body(connection, row, "response")
    diff = await asyncio.to_thread(compare, row["status"], before, replayed)
    text, encoding = decode(replayed.body, is_cut=replayed.is_cut)
    return JSONResponse(
        {
            "id": replayed.id,
            "status": replayed.status,
            "headers": replayed.headers,
            "body": text,
            "encoding": encoding,
            "truncated": replayed.is_cut,
            "diff": diff,
        }
    )


def compare(status: int, before: Mapping[str, Any] | None, after: Replayed) -> dict[str, Any]:
    """Return what differs: each member is None if it is the same."""
    stored = cast("list[Pair]", before["headers"] if before else [])
    old = {n: v for n, v in stored if n not in _VARYING}
    new = {n: v for n, v in after.headers if n not in _VARYING}
    headers = [
        {"name": name, "before": old.get(name), "after": new.get(name)}
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name) and old.get(name) != REDACTED
    ]
    lines = _diff(_lines(bytes(before["head"]) if before else b""), _lines(after.body))
    return {
        "status": None if status == after.status else {"before": status, "after": after.status},
        "headers": headers or None,
        "body": lines or None,
    }


def _lines(body: bytes) -> list[str]:
    """Return the body by lines, JSON with a member on each."""
    text = body.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text.splitlines()[:_MOST_LINES]


def _diff(before: Sequence[str], after: Sequence[str]) -> str:
    found = difflib.unified_diff(before, after, "recorded", "replayed", lineterm="")
    return "\n".join(line[:1000] for line in found)


ROUTES: Final = [Route("/requests/{id}/replay", _replay, methods=["POST"])]
