"""POST /create-batch-call: many calls, each started as soon as a slot is free.

Follows https://docs.retellai.com/api-references/create-batch-call.
"""

from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.faults import Endpoint, Fault
from edge.emulator.providers.response import hex_id
from edge.emulator.providers.retell.adapter import api_key
from edge.emulator.providers.retell.call_request import CallRequest, parse_call_request
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.retell.errors import invalid
from edge.emulator.providers.router import Body, Router


def batch_route(router: Router, retell: RetellEmulator) -> Route:
    """Build the route. As in Retell's API, batches have no idempotency keys or do-not-call checks.

    Raises 400 for call_time_window, which is not emulated.
    """

    async def create(request: Request, body: Body, fault: Fault | None) -> Response:
        del fault
        if body.get("call_time_window") is not None:
            raise invalid("call_time_window is not emulated")
        requests = _parse_tasks(body)
        workspace = retell.workspace(api_key(request))
        batch_id = hex_id("batch_call_", 20)
        begins_ms = _parse_moment(body, retell.clock.now_ms())

        def begin() -> None:
            for one in requests:
                retell.create_batch_call(workspace, one, batch_id)

        retell.event_queue.add(begins_ms, begin)
        answer = {
            "batch_call_id": batch_id,
            "name": body.get("name") or "Batch Call",
            "from_number": body["from_number"],
            "scheduled_timestamp": begins_ms,
            "total_task_count": len(requests),
        }
        return JSONResponse(answer, 201)

    return router.route("POST", "/create-batch-call", Endpoint.CREATE_CALL, create, body=True)


def _parse_tasks(body: Mapping[str, Any]) -> list[CallRequest]:
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise invalid("tasks must be a non-empty array")
    return [_parse_task(body, task) for task in cast("list[Any]", tasks)]


def _parse_task(body: Mapping[str, Any], task: Any) -> CallRequest:
    if not isinstance(task, dict):
        raise invalid("tasks/* must be object")
    given = cast("dict[str, Any]", task)
    return parse_call_request({**given, "from_number": body.get("from_number")})


def _parse_moment(body: Mapping[str, Any], now_ms: int) -> int:
    moment = body.get("trigger_timestamp")
    if moment is None:
        return now_ms
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        raise invalid("trigger_timestamp must be number")
    return max(now_ms, round(moment))
