"""The operators' API before a project that answers as it is made to."""

import asyncio
from collections.abc import Callable
from typing import cast

import httpx
import pytest

from edge.console_proxy.app import ConsoleViews
from edge.operators.api import create_api
from edge.operators.project import Operator, Project
from edge.operators.sessions import Session, Sessions

_OPERATOR = {"id": "1", "email": "a@example.com", "app_metadata": {"console": "read"}}


class _Views:
    async def close(self) -> None: ...


class _Console:
    """A session of an operator who reads, and what the project has received."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.received: list[httpx.Request] = []

        def take(request: httpx.Request) -> httpx.Response:
            self.received.append(request)
            return answer(request)

        project = Project("http://project", "publishable", "secret")
        project.client = httpx.AsyncClient(transport=httpx.MockTransport(take))
        self.now = 0.0
        views = cast("ConsoleViews", _Views())
        self.sessions = Sessions(project, lambda _: views, clock=lambda: self.now)

    async def open(self) -> Session:
        return await self.sessions.open(Operator("1", "a@example.com", may_write=False))

    async def call(
        self, session: Session, method: str, path: str, **headers: str
    ) -> httpx.Response:
        transport = httpx.ASGITransport(create_api(self.sessions))
        sent = {"authorization": f"Bearer {session.token}"} | headers
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            return await client.request(method, path, headers=sent)


def test_a_read_is_not_turned_into_another_method_by_a_header() -> None:
    async def run() -> None:
        console = _Console(lambda _: httpx.Response(200))
        headers = {"x-http-method-override": "DELETE", "prefer": "count=exact"}
        path = "/services/storage/upload/resumable/1"
        answer = await console.call(await console.open(), "HEAD", path, **headers)

        (received,) = console.received
        assert (answer.status_code, received.method) == (200, "HEAD")
        assert "x-http-method-override" not in received.headers
        assert received.headers["prefer"] == "count=exact"

    asyncio.run(run())


@pytest.mark.parametrize(("failure", "is_kept"), [(503, True), (429, True), (404, False)], ids=str)
def test_a_session_ends_with_its_operator_not_with_a_failure_of_auth(
    failure: int, is_kept: bool
) -> None:
    async def run() -> None:
        answers = iter([httpx.Response(failure), httpx.Response(200, json=_OPERATOR)])
        console = _Console(lambda _: next(answers))
        session = await console.open()
        console.now = 120.0
        during = await console.call(session, "GET", "/status")
        after = await console.call(session, "GET", "/status")

        assert during.status_code == 401
        assert after.status_code == (200 if is_kept else 401)

    asyncio.run(run())
