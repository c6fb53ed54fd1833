"""Routes of calls: create-phone-call, get-call, list-calls, update-call, stop-call, concurrency.

Follows https://docs.retellai.com/api-references (V2 calls, V3 list-calls).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind
from edge.emulator.providers.response import CutResponse
from edge.emulator.providers.retell.adapter import api_key
from edge.emulator.providers.retell.call_document import render_call
from edge.emulator.providers.retell.call_request import parse_call_request, parse_metadata
from edge.emulator.providers.retell.emulator import RetellEmulator, describe_concurrency
from edge.emulator.providers.retell.listing import list_calls
from edge.emulator.providers.router import Body, Router, hang


def call_routes(router: Router, retell: RetellEmulator) -> list[Route]:
    """Build the routes, named and ordered as in the API reference."""

    async def create(request: Request, body: Body, fault: Fault | None) -> Response:
        workspace = retell.workspace(api_key(request))
        call, standing = retell.create_call(workspace, parse_call_request(body), fault)
        answer = JSONResponse(render_call(call), 201)
        return (
            answer if fault or standing is None else await _inject_fault(request, answer, standing)
        )

    async def get(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        retell.raise_read_fault()
        workspace = retell.workspace(api_key(request))
        return JSONResponse(render_call(workspace.find(request.path_params["call_id"])))

    async def find(request: Request, body: Body, fault: Fault | None) -> Response:
        del fault
        retell.raise_read_fault()
        return JSONResponse(list_calls(retell.workspace(api_key(request)).calls, body))

    async def update(request: Request, body: Body, fault: Fault | None) -> Response:
        del fault
        call = retell.workspace(api_key(request)).find(request.path_params["call_id"])
        if "metadata" in body:
            call.metadata = parse_metadata(body["metadata"])
        return JSONResponse(render_call(call))

    async def stop(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        workspace = retell.workspace(api_key(request))
        retell.simulation.stop(workspace.find(request.path_params["call_id"]), workspace)
        return Response(status_code=204)

    async def get_concurrency(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        workspace = retell.workspace(api_key(request))
        return JSONResponse(describe_concurrency(workspace, retell.config))

    one = "{call_id}"
    return [
        router.route("POST", "/v2/create-phone-call", Endpoint.CREATE_CALL, create, body=True),
        router.route("GET", f"/v2/get-call/{one}", Endpoint.READ_CALL, get, body=False),
        router.route("POST", "/v3/list-calls", Endpoint.READ_CALL, find, body=True),
        router.route("PATCH", f"/v2/update-call/{one}", Endpoint.CHANGE_CALL, update, body=True),
        router.route("POST", f"/v2/stop-call/{one}", Endpoint.CHANGE_CALL, stop, body=False),
        router.route("GET", "/get-concurrency", Endpoint.CONCURRENCY, get_concurrency, body=False),
    ]


async def _inject_fault(request: Request, answer: JSONResponse, fault: Fault) -> Response:
    """Apply a standing fault to the response of a call that has been made."""
    if fault.kind is FaultKind.CUT:
        return CutResponse(answer)
    if fault.kind is FaultKind.HANG_AFTER:
        await hang(request, fault.seconds)
    return answer
