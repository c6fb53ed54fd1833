import asyncio

import httpx
from starlette.responses import PlainTextResponse

from edge.gateway.deferred import Deferred


def client(app: Deferred) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://local")


async def test_a_request_waits_for_the_service_and_is_then_answered_by_it() -> None:
    app = Deferred()
    async with client(app) as http:
        waiting = asyncio.create_task(http.get("/"))
        await asyncio.sleep(0)
        app.resolve(PlainTextResponse("up"))

        assert (await waiting).text == "up"
        assert (await http.get("/")).text == "up"


async def test_a_service_that_did_not_start_answers_503() -> None:
    app = Deferred()
    async with client(app) as http:
        waiting = asyncio.create_task(http.get("/"))
        await asyncio.sleep(0)
        app.fail()

        assert (await waiting).status_code == 503
