"""Routes of contacts, as far as do_not_call needs them.

Follows https://docs.retellai.com/api-references (contacts).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.faults import Endpoint, Fault
from edge.emulator.providers.retell.adapter import api_key
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.router import Body, Router


def contact_routes(router: Router, retell: RetellEmulator) -> list[Route]:
    """Build create-, get-, get-by-phone, update- and delete-contact."""

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

    contacts, one = Endpoint.CONTACTS, "{contact_id}"
    return [
        router.route("POST", "/create-contact", contacts, create, body=True),
        router.route("GET", f"/get-contact/{one}", contacts, get, body=False),
        router.route(
            "GET", "/get-contact-by-phone/{phone_number}", contacts, get_by_phone, body=False
        ),
        router.route("PATCH", f"/update-contact/{one}", contacts, update, body=True),
        router.route("DELETE", f"/delete-contact/{one}", contacts, delete, body=False),
    ]
