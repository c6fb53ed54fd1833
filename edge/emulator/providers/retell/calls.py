"""Routes of single calls: create-phone-call, get-call, update-call, stop-call, list-calls."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind
from edge.emulator.providers.retell.call_document import render_call
from edge.emulator.providers.retell.call_request import parse_call_request, parse_metadata
from edge.emulator.providers.retell.dialect import api_key
from edge.emulator.providers.retell.emulator import RetellEmulator, describe_concurrency
from edge.emulator.providers.retell.listing import list_calls
from edge.emulator.providers.router import Body, CutResponse, Door, hang


def call_routes(door: Door, retell: RetellEmulator) -> list[Route]:
    """As docs.retellai.com/api-references names and orders them."""

    async def create(request: Request, body: Body, fault: Fault | None) -> Response:
        workspace = retell.workspace(api_key(request))
        call, befalls = retell.create_call(workspace, parse_call_request(body), fault)
        answer = JSONResponse(render_call(call), 201)
        return answer if fault or befalls is None else await _spoil(request, answer, befalls)

    async def get(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        retell.disturb_reading()
        workspace = retell.workspace(api_key(request))
        return JSONResponse(render_call(workspace.find(request.path_params["call_id"])))

    async def find(request: Request, body: Body, fault: Fault | None) -> Response:
        del fault
        retell.disturb_reading()
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
        retell.life.stop(workspace.find(request.path_params["call_id"]), workspace)
        return Response(status_code=204)

    async def get_concurrency(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        workspace = retell.workspace(api_key(request))
        return JSONResponse(describe_concurrency(workspace, retell.conditions))

    one = "{call_id}"
    return [
        door.route("POST", "/v2/create-phone-call", Endpoint.CREATE_CALL, create, body=True),
        door.route("GET", f"/v2/get-call/{one}", Endpoint.READ_CALL, get, body=False),
        door.route("POST", "/v3/list-calls", Endpoint.READ_CALL, find, body=True),
        door.route("PATCH", f"/v2/update-call/{one}", Endpoint.CHANGE_CALL, update, body=True),
        door.route("POST", f"/v2/stop-call/{one}", Endpoint.CHANGE_CALL, stop, body=False),
        door.route("GET", "/get-concurrency", Endpoint.CONCURRENCY, get_concurrency, body=False),
    ]


async def _spoil(request: Request, answer: JSONResponse, fault: Fault) -> Response:
    """What a standing fault does to the answer after the call was made."""
    if fault.kind is FaultKind.CUT:
        return CutResponse(answer)
    if fault.kind is FaultKind.HANG_AFTER:
        await hang(request, fault.seconds)
    return answer
