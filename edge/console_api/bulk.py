"""POST /bulk: replay all requests of a filter, a few at a time, with progress and an end."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.body import read_body
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError, not_found
from edge.console_api.replay import ReplayRequest, replay
from edge.console_api.requests import conditions_of
from edge.console_api.rows import fetch

_FILTERS: Final = frozenset(
    (
        *("function", "kind", "method", "status", "caller", "cold", "replay_of", "from", "to"),
        *("min_ms", "q", "fingerprint", "parent", "own"),
    )
)
_MOST: Final = 1000
_SIDE_BY_SIDE: Final = 4
_KEPT: Final = 20
_AT_ONCE: Final = 3
_MOST_FAILURES: Final = 100


class BulkRequest(BaseModel):
    """The body of POST /bulk; with `dry_run` the answer is only the number."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    action: Literal["replay"]
    filter: dict[str, str] = Field(default_factory=dict)
    as_: Any = Field(default="same", alias="as")
    dry_run: bool = False


@dataclass(slots=True)
class Bulk:
    """An action on many requests, under way or over."""

    id: str
    action: str
    total: int
    state: str = "running"
    done: int = 0
    failed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    task: "asyncio.Task[None] | None" = None

    def render(self) -> dict[str, Any]:
        """Return the answer to a client."""
        names = ("id", "action", "state", "done", "total", "failed", "failures")
        return {name: getattr(self, name) for name in names}


async def _start(request: Request) -> Response:
    context = context_of(request)
    asked = await read_body(request, BulkRequest)
    ids = await _find(context, asked.filter)
    if asked.dry_run:
        return JSONResponse({"total": len(ids)})
    kept = _kept(request)
    ended = [each.id for each in kept.values() if each.state != "running"]
    if len(kept) - len(ended) >= _AT_ONCE:
        hint = f"Wait for one to end, or abort it; {_AT_ONCE} run at once."
        raise ApiError(409, "TOO_MANY_RUNNING", "Other bulk actions are running.", hint)
    await record(context, f"bulk.{asked.action}", str(len(ids)), {"filter": asked.filter})
    bulk = Bulk(str(uuid.uuid4()), asked.action, len(ids))
    kept[bulk.id] = bulk
    for old in ended[: max(len(kept) - _KEPT, 0)]:
        kept.pop(old)
    bulk.task = asyncio.create_task(_run(context, bulk, ids, asked.as_))
    context.tasks.add(bulk.task)
    bulk.task.add_done_callback(context.tasks.discard)
    return JSONResponse(bulk.render(), 202)


async def _find(context: ConsoleContext, wanted: Mapping[str, str]) -> list[str]:
    """Return the ids of a filter, the oldest first. Raises ApiError for one that is empty."""
    given = {name: value for name, value in wanted.items() if value.strip()}
    if unknown := sorted(given.keys() - _FILTERS):
        raise ApiError(
            400,
            "UNKNOWN_FILTER",
            f"There is no filter {unknown[0][:60]}.",
            f"There are {', '.join(sorted(_FILTERS))}.",
        )
    if not given:
        raise ApiError(
            400,
            "EMPTY_FILTER",
            "An empty filter would select every request.",
            'Name at least one: {"function": "hello", "status": "5xx"}',
        )
    found = conditions_of(given)
    query = (
        f"select r.id from edge_console.requests r where {found.where}"  # noqa: S608
        f" order by r.started_at limit {_MOST + 1}"
    )
    async with context.database() as connection:
        rows = await fetch(connection, query, found.values)
    if len(rows) > _MOST:
        raise ApiError(
            400, "TOO_MANY", f"More than {_MOST} requests match.", "Narrow it: add from, to or q."
        )
    return [str(row["id"]) for row in rows]


async def _run(context: ConsoleContext, bulk: Bulk, ids: list[str], who: Any) -> None:
    waiting = iter(ids)
    asked = ReplayRequest.model_validate({"as": who})

    async def work() -> None:
        for request_id in waiting:
            try:
                answer = await replay(context, request_id, asked)
            except ApiError as exc:
                _fail(bulk, request_id, exc.code)
            else:
                if answer.status >= 400:
                    _fail(bulk, request_id, str(answer.status))
            bulk.done += 1

    try:
        await asyncio.gather(*(work() for _ in range(_SIDE_BY_SIDE)))
    except asyncio.CancelledError:
        bulk.state = "aborted"
        raise
    except Exception:
        bulk.state = "failed"
        raise
    bulk.state = "completed"


def _fail(bulk: Bulk, request_id: str, reason: str) -> None:
    bulk.failed += 1
    if len(bulk.failures) < _MOST_FAILURES:
        bulk.failures.append({"id": request_id, "reason": reason})


def _kept(request: Request) -> dict[str, Bulk]:
    return cast("dict[str, Bulk]", context_of(request).bulks)


def _named(request: Request) -> Bulk:
    bulk = _kept(request).get(request.path_params["id"])
    if bulk is None:
        raise not_found("bulk action with this id", f"The last {_KEPT} since the start are kept.")
    return bulk


async def _show(request: Request) -> Response:
    return JSONResponse(_named(request).render())


async def _abort(request: Request) -> Response:
    bulk = _named(request)
    if bulk.task and not bulk.task.done():
        bulk.task.cancel()
        await asyncio.wait({bulk.task})
    return JSONResponse(bulk.render())


ROUTES: Final = [
    Route("/bulk", _start, methods=["POST"]),
    Route("/bulk/{id}", _show),
    Route("/bulk/{id}", _abort, methods=["DELETE"]),
]
