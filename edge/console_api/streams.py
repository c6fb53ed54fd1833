"""GET /requests/stream and /logs/stream: rows as they are stored, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge.console_api import logs, requests
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError
from edge.console_api.filters import Conditions
from edge.console_api.rows import fetch
from edge.recording.recorder import Recorder

_MOST: Final = 200
_PAUSE: Final = 0.2
_PING_SECONDS: Final = 15.0
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
_RENDERERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "requests": requests.render_request,
    "logs": logs.render_log,
}


def recorder_of(context: ConsoleContext) -> Recorder:
    """Return the recorder. Raises ApiError if nothing is recorded."""
    if context.recorder is None:
        raise ApiError(
            503,
            "RECORDING_OFF",
            "Requests are not recorded.",
            "Set enabled = true under [recording] in edge.toml; it needs the local database.",
        )
    return context.recorder


async def _stream_requests(request: Request) -> Response:
    return await _stream(request, "requests", requests.COLUMNS, requests.conditions_of)


async def _stream_logs(request: Request) -> Response:
    return await _stream(request, "logs", logs.COLUMNS, logs.conditions_of)


async def _stream(
    request: Request, table: str, columns: str, conditions: Callable[..., Conditions]
) -> Response:
    context = context_of(request)
    recorder = recorder_of(context)
    last = _last_event(request)
    if last is None:
        last = await _newest(context, table)
    alias = columns.partition(".")[0]

    def query(after: int) -> tuple[str, list[Any]]:
        found = conditions(request.query_params)
        found.add(f"{alias}.seq > ?", after)
        statement = (
            f"select {columns} from edge_console.{table} {alias} where {found.where}"  # noqa: S608
            f" order by {alias}.seq limit {_MOST}"
        )
        return statement, found.values

    query(last)  # a wrong parameter is refused now
    rows = _follow(context, recorder, query, last)
    render = _RENDERERS[table]
    return StreamingResponse(
        _render(rows, render), media_type="text/event-stream", headers=_HEADERS
    )


async def _follow(
    context: ConsoleContext,
    recorder: Recorder,
    query: Callable[[int], tuple[str, list[Any]]],
    last: int,
) -> AsyncGenerator[list[dict[str, Any]]]:
    """Yield what is stored from now on; nothing, now and then, when nothing is."""
    stored = recorder.subscribe()
    try:
        while not recorder.is_ending:
            stored.clear()
            async with context.database() as connection:
                rows = await fetch(connection, *query(last))
            last = rows[-1]["seq"] if rows else last
            yield rows
            if len(rows) < _MOST and not recorder.is_ending:
                try:
                    await asyncio.wait_for(stored.wait(), _PING_SECONDS)
                except TimeoutError:
                    continue
                await asyncio.sleep(_PAUSE)
    finally:
        recorder.unsubscribe(stored)


async def _render(
    batches: AsyncGenerator[list[dict[str, Any]]],
    render: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> AsyncGenerator[str]:
    async for rows in batches:
        if not rows:
            yield ": nothing new\n\n"
        for row in rows:
            data = json.dumps(render(row), ensure_ascii=False)
            yield f"id: {row['seq']}\ndata: {data}\n\n"


def _last_event(request: Request) -> int | None:
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


async def _newest(context: ConsoleContext, table: str) -> int:
    async with context.database() as connection:
        rows = await fetch(connection, f"select max(seq) as seq from edge_console.{table}", [])  # noqa: S608
    return (rows[0]["seq"] or 0) if rows else 0


ROUTES: Final = [
    Route("/requests/stream", _stream_requests),
    Route("/logs/stream", _stream_logs),
]
