"""Routes of a workspace's contacts, as far as do_not_call needs them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.faults import Endpoint, Fault
from edge.emulator.providers.retell.dialect import api_key
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.router import Body, Door


def contact_routes(door: Door, retell: RetellEmulator) -> list[Route]:
    """create-contact, get-contact, get-contact-by-phone, update-contact, delete-contact."""

    async def create(request: Request, body: Body, fault: Fault | None) -> Response:
        del fault
        book = retell.workspace(api_key(request)).contacts
        return JSONResponse(book.create(body, retell.clock.now_ms()).render(), 201)

    async def get(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        book = retell.workspace(api_key(request)).contacts
        return JSONResponse(book.find(request.path_params["contact_id"]).render())

    async def get_by_phone(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        book = retell.workspace(api_key(request)).contacts
        return JSONResponse(book.find_by_number(request.path_params["phone_number"]).render())

    async def update(request: Request, body: Body, fault: Fault | None) -> Response:
        del fault
        contact = retell.workspace(api_key(request)).contacts.find(
            request.path_params["contact_id"]
        )
        contact.change(body, retell.clock.now_ms())
        return JSONResponse(contact.render())

    async def delete(request: Request, body: Body, fault: Fault | None) -> Response:
        del body, fault
        retell.workspace(api_key(request)).contacts.delete(request.path_params["contact_id"])
        return Response(status_code=204)

    place, one = Endpoint.CONTACTS, "{contact_id}"
    return [
        door.route("POST", "/create-contact", place, create, body=True),
        door.route("GET", f"/get-contact/{one}", place, get, body=False),
        door.route("GET", "/get-contact-by-phone/{phone_number}", place, get_by_phone, body=False),
        door.route("PATCH", f"/update-contact/{one}", place, update, body=True),
        door.route("DELETE", f"/delete-contact/{one}", place, delete, body=False),
    ]
