"""An app that is made at its first request."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edge.gateway.lazy import LazyApp


async def _answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("made")


async def test_it_is_made_once_and_its_lifespan_lasts_from_then_to_the_exits():
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        seen.append("begun")
        yield
        seen.append("ended")

    def create() -> Starlette:
        seen.append("made")
        return Starlette(routes=[Route("/", _answer)], lifespan=lifespan)

    async with AsyncExitStack() as exits:
        transport = httpx.ASGITransport(LazyApp(create, exits))
        async with httpx.AsyncClient(transport=transport, base_url="http://lazy") as client:
            assert seen == []
            assert [(await client.get("/")).text for _ in range(2)] == ["made", "made"]
        assert seen == ["made", "begun"]

    assert seen == ["made", "begun", "ended"]


async def test_without_a_request_nothing_is_made_or_ended():
    def create() -> Starlette:
        raise AssertionError

    async with AsyncExitStack() as exits:
        LazyApp(create, exits)


async def test_a_request_that_is_cancelled_has_no_second_app_made():
    made: list[str] = []
    has_begun, may_go_on = threading.Event(), threading.Event()

    def create() -> Starlette:
        made.append("one")
        has_begun.set()
        may_go_on.wait(90)
        return Starlette(routes=[Route("/", _answer)])

    transport = httpx.ASGITransport(LazyApp(create))
    async with httpx.AsyncClient(transport=transport, base_url="http://lazy") as client:
        first, second = (asyncio.create_task(client.get("/")) for _ in range(2))
        await asyncio.to_thread(has_begun.wait, 90)
        first.cancel()
        await asyncio.wait({first})
        may_go_on.set()
        assert (await second).text == "made"

    assert made == ["one"]
