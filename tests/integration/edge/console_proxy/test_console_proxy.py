"""The console behind the gateway: who is let in, and when its process runs."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from edge.console_proxy.access import ConsoleAccess
from edge.console_proxy.app import ConsoleApp
from edge.console_proxy.process import ConsoleProcess, Timing
from edge.events import Event, LogLine
from edge.gateway.app import Gateway
from edge.gateway.guard import Secret
from edge.tokens import Keys
from tests.support.waiting import wait_for, wait_gone

TOKEN = "the-token-of-this-start"
SERVICE_KEY = "the-service-role-token"
HTML = {"accept": "text/html"}


class World:
    """The console's app below a gateway, and what its process has written."""

    def __init__(self, environment: Mapping[str, str], timing: Timing) -> None:
        self.events: list[Event] = []
        self.process = ConsoleProcess(lambda: environment, self.events.append, timing)
        secret = Secret(SERVICE_KEY, Keys.load("s" * 32, ""))
        access = ConsoleAccess(TOKEN, secret, 54321)
        static = PlainTextResponse("a file of the project")
        self.app = ConsoleApp(static, {"board", "settings.json"}, access, self.process)
        transport = httpx.ASGITransport(Gateway({"/console": self.app}, {}))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost:54321")

    async def close(self) -> None:
        await self.client.aclose()
        await self.app.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    environment = {"NICEGUI_STORAGE_PATH": str(tmp_path), "PATH": "/bin"}
    world = World(environment, Timing(idle=0.5))
    yield world
    await world.close()


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/requests?q=x"])
async def test_without_the_token_nothing_is_shown_or_started(world: World, path: str) -> None:
    page = await world.client.get(path, headers=HTML)
    answer = await world.client.get(path)

    assert page.status_code == answer.status_code == 401
    assert "edge status" in page.text
    assert answer.json()["code"] == "CONSOLE_TOKEN_REQUIRED"
    assert world.process.starts == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"host": "localhost.evil.example", "origin": "http://localhost.evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
    ],
)
async def test_other_names_and_origins_are_refused_with_the_token_too(
    world: World, headers: dict[str, str]
) -> None:
    sent = {**headers, "authorization": f"Bearer {TOKEN}"}

    assert (await world.client.get("/console/", headers=sent)).status_code == 403
    assert (await world.client.post("/console/x", headers=sent)).status_code == 403
    assert world.process.starts == 0


async def test_the_links_token_becomes_a_cookie_of_this_path(world: World) -> None:
    answer = await world.client.get(f"/console/requests?q=%22a%26b&token={TOKEN}")
    cookie = answer.headers["set-cookie"]

    assert "edge_console_54321" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/console" in cookie
    assert "SameSite=strict" in cookie
    assert "url=/console/requests?q=%22a%26b" in answer.text.replace("&amp;", "&")
    assert TOKEN not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "é"])
async def test_a_wrong_token_opens_nothing(world: World, token: str) -> None:
    link = await world.client.get("/console/", params={"token": token})
    bearer = {"authorization": f"Bearer {token}".encode()}
    cookie = {"cookie": f"edge_console_54321={token}".encode()}

    assert "set-cookie" not in link.headers
    assert link.status_code == 401
    assert (await world.client.get("/console/", headers=bearer)).status_code == 401
    assert (await world.client.get("/console/", headers=cookie)).status_code == 401


async def test_files_of_the_project_need_neither_token_nor_process(world: World) -> None:
    assert (await world.client.get("/console/board/x.js")).text == "a file of the project"
    assert (await world.client.get("/console/settings.json")).status_code == 200
    assert world.process.starts == 0


async def test_the_process_is_started_by_a_visit_and_stopped_when_idle(world: World) -> None:
    cookie = {"cookie": f"other=1; edge_console_54321={TOKEN}"}
    pages = await asyncio.gather(
        *(world.client.get("/console/", headers=cookie) for _ in range(3)),
        world.client.get("/console/nothing", headers=cookie),
        world.client.get("/console/", headers={"authorization": f"Bearer {SERVICE_KEY}"}),
    )

    assert [page.status_code for page in pages] == [200, 200, 200, 404, 200]
    assert world.process.starts == 1
    policy = pages[0].headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http://" not in policy.replace("http://localhost", "")

    await asyncio.to_thread(wait_for, lambda: world.process.pid is None)

    again = await world.client.get("/console/", headers=cookie)
    assert again.status_code == 200
    assert world.process.starts == 2


async def test_a_process_that_was_killed_is_started_by_the_next_request(tmp_path: Path) -> None:
    world = World({"NICEGUI_STORAGE_PATH": str(tmp_path), "PATH": "/bin"}, Timing())
    cookie = {"cookie": f"edge_console_54321={TOKEN}"}
    first = await world.client.get("/console/", headers=cookie)
    scripts = set(re.findall(r"/console/_nicegui/[^\"']+/components/[^\"']+\.js", first.text))
    assert world.process.pid
    os.kill(world.process.pid, signal.SIGKILL)
    # The browser may load the scripts of the page only now.
    loaded = {(await world.client.get(script, headers=cookie)).status_code for script in scripts}
    again = await world.client.get("/console/", headers=cookie)
    await world.close()

    assert (first.status_code, again.status_code) == (200, 200)
    assert loaded == {200}
    assert world.process.starts == 2


async def test_a_process_that_accepts_requests_outlives_a_connection_that_broke_off(
    tmp_path: Path,
) -> None:
    world = World({"NICEGUI_STORAGE_PATH": str(tmp_path), "PATH": "/bin"}, Timing())
    cookie = {"cookie": f"edge_console_54321={TOKEN}"}
    await world.client.get("/console/", headers=cookie)
    pid = world.process.pid
    assert pid
    await world.process.discard(1)
    kept = world.process.pid
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(wait_gone, pid)
    await world.process.discard(1)
    await world.close()

    assert kept == pid
    assert world.process.pid is None


async def test_a_request_without_an_answer_ends_alone(tmp_path: Path) -> None:
    world = World({"NICEGUI_STORAGE_PATH": str(tmp_path), "PATH": "/bin"}, Timing())
    cookie = {"cookie": f"edge_console_54321={TOKEN}"}
    await world.client.get("/console/", headers=cookie)
    pid = world.process.pid or 0
    world.app.views.answer_seconds = 0.2
    os.kill(pid, signal.SIGSTOP)
    slow = await world.client.get("/console/", headers=cookie)
    os.kill(pid, signal.SIGCONT)
    await world.close()

    assert slow.status_code == 504
    assert world.process.starts == 1


async def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    world = World({"NICEGUI_STORAGE_PATH": str(tmp_path), "PYTHONHOME": "/nowhere"}, Timing())
    page = await world.client.get("/console/", headers={"authorization": f"Bearer {TOKEN}"})
    await world.close()

    assert page.status_code == 503
    assert "did not start" in page.text
    assert any(isinstance(e, LogLine) and e.slug == "console" for e in world.events)
