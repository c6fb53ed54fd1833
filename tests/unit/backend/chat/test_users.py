"""Who a token belongs to, as Auth says."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.chat.users import User, Users
from tests.support.serving import HttpServer


async def test_what_auth_decides_is_kept_and_its_outage_is_not() -> None:
    answers = [503, 429, 200]

    async def answer(request: Request) -> Response:
        return JSONResponse({"id": "ann"}, answers.pop(0))

    server = HttpServer(Starlette(routes=[Route("/auth/v1/user", answer)]))
    await server.start()
    users = Users(server.url, "key", is_required=True)
    try:
        found = [await users.find("token") for _ in range(4)]
    finally:
        await users.close()
        await server.close()

    assert found == [User(None, is_refused=True)] * 2 + [User("ann")] * 2
