"""The chat backend as npm's and Python's Socket.IO clients meet it, by one list of calls.

Its page is tested with the console.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from httpx import AsyncClient

from edge.gateway.app import Gateway
from edge.gateway.upgrades import Factory, route_upgrades
from edge.project.extensions import read_extensions
from edge.project_processes.paths import ProcessPaths
from tests.conftest import RunningStack
from tests.e2e.conftest import Play
from tests.support.chat_server import ChatServer, chat_server, connect, message
from tests.support.paths import ROOT
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def chat(_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """A backend with sessions of its own."""
    url = f"sqlite://{tmp_path_factory.mktemp('chat')}/chat.db"
    project = (_stack.url, _stack.service_role_key, _stack.dsn)
    with chat_server(*project, CHAT_DATABASE_URL=url) as server:
        yield server


@pytest.fixture(scope="module")
def gateway_url(chat: ChatServer) -> Iterator[str]:
    """A gateway that passes the chat's paths of edge.toml on."""
    (entry,) = (each for each in read_extensions(ROOT).processes if each.name == "chat")
    app = ProcessPaths(entry.name, lambda: httpx.URL(chat.url).port)
    gateway = Gateway({}, {}, others=dict.fromkeys(entry.paths, app))
    sockets: dict[str, Factory] = dict.fromkeys(entry.paths, app.open_socket)
    server = HttpServer(gateway, ws=route_upgrades(sockets, lambda: None))
    thread = LoopThread()
    thread.run(server.start())
    yield server.url
    thread.run(server.close())
    thread.run(app.close())
    thread.close()


async def converse(url: str, transports: list[str] | None) -> dict[str, Any]:
    """Make the calls of js/chat_scenarios.mjs, in its order."""
    found: dict[str, Any] = {}
    async with connect(url, transports=transports) as client, AsyncClient(base_url=url) as http:

        async def read(name: str, path: str, method: str = "GET") -> Any:
            answer = await http.request(method, path)
            found[name] = {"status": answer.status_code, "body": answer.json()}
            return found[name]["body"]

        await read("check", "/config/check")
        collections = await read("collections", "/videodb/collection")
        for name, kind in (("videos", "video"), ("audio", "audio"), ("images", "image")):
            await read(name, f"/videodb/collection/default/{kind}")
        await read("sessions", "/session")
        await read("agents", "/agent")
        current = f"/videodb/collection/{collections[0]['id']}"
        for kind in ("video", "audio", "image"):
            await read(f"list of {kind}", f"{current}/{kind}")
        found["lists"] = [found.pop(f"list of {kind}") for kind in ("video", "audio", "image")]
        await read("unknown", f"/videodb/collection/{uuid4()}")
        content = b"Ann: What does the delay cost you?\nBob: Far too much."
        files = {"file": (f"{uuid4()}.txt", content)}
        answer = await http.post(f"{current}/upload", files=files, timeout=PATIENCE)
        found["uploaded"] = {"status": answer.status_code, "body": answer.json()}
        found["event"] = await client.wait_event("videos")
        await read("refetched", f"{current}/video")
        video_id, session_id = answer.json()["id"], str(uuid4())
        given = {"collection_id": collections[0]["id"], "video_id": video_id}
        texts = ("list calls", "@transcription", "@poet write")
        found["messages"] = [message(text, session_id, **given) for text in texts]
        for each in found["messages"]:
            await client.ask(each)
        found["outputs"] = client.outputs
        found["transport"] = client.socket.transport()
        await read("listed", "/session")
        path = f"/session/{session_id}"
        await read("session", path)
        await read("deleted", f"{current}/video/{video_id}", "DELETE")
        await read("removed", path, "DELETE")
        await read("gone", path)
    return found


@pytest.mark.parametrize(
    ("transports", "last"),
    [(None, "websocket"), (["polling"], "polling"), (["websocket"], "websocket")],
)
async def test_python_socketio_gets_what_the_real_client_needs(
    chat: ChatServer, transports: list[str] | None, last: str
) -> None:
    found = await converse(chat.url, transports)
    assert found["transport"] == last
    check_conversation(found)


@pytest.mark.parametrize("transports", [None, ["polling"]])
async def test_the_gateway_passes_the_chat_on(
    gateway_url: str, transports: list[str] | None
) -> None:
    found = await converse(gateway_url, transports)
    assert found["transport"] == ("polling" if transports else "websocket")
    check_conversation(found)


def test_socket_io_client_gets_what_the_real_client_needs(play: Play, chat: ChatServer) -> None:
    results = play("chat_scenarios.mjs", CHAT_URL=chat.url)
    transports = {kind: result["transport"] for kind, result in results.items()}
    assert transports == {"upgraded": "websocket", "polling": "polling", "websocket": "websocket"}
    for result in results.values():
        check_conversation(result)


def check_conversation(result: dict[str, Any]) -> None:
    assert all(value is True for value in result["check"]["body"].values())
    assert result["collections"]["body"]
    for name in ("videos", "audio", "images", "sessions", "agents"):
        assert isinstance(result[name]["body"], list), name
    assert all(isinstance(each["body"], list) for each in result["lists"])
    assert result["unknown"]["status"] == 404
    check_upload(result)
    ended = [check_outputs(result["outputs"], given) for given in result["messages"]]
    assert [each["status"] for each in ended] == ["success", "success", "error"]
    assert "Far too much." in ended[1]["content"][0]["text"]
    assert "There is no agent @poet" in ended[2]["content"][0]["text"]
    session_id = result["messages"][0]["session_id"]
    newest = result["listed"]["body"][0]
    assert newest["session_id"] == session_id
    assert isinstance(newest["created_at"], float)
    conversation = result["session"]["body"]["conversation"]
    assert [each["msg_type"] for each in conversation] == ["input", "output"] * 3
    assert conversation[1::2] == ended
    assert (result["removed"]["status"], result["gone"]["status"]) == (200, 404)


def check_upload(result: dict[str, Any]) -> None:
    """A stored transcript is announced, and listed where it was sent to."""
    video, collection = result["uploaded"]["body"], result["collections"]["body"][0]
    assert video["collection_id"] == result["event"]["collection_id"] == collection["id"]
    assert video["id"] in [each["id"] for each in result["refetched"]["body"]]
    assert result["deleted"]["body"]["success"] is True


def check_outputs(outputs: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    """Return the last output of a message: one message, updated in place from progress on."""
    found = [each for each in outputs if each["conv_id"] == given["conv_id"]]
    assert {each["msg_id"] for each in found} == {found[0]["msg_id"]}
    assert {each["session_id"] for each in found} == {given["session_id"]}
    statuses = [each["status"] for each in found]
    assert statuses[0] == "progress"
    assert [status for status in statuses if status != "progress"] == statuses[-1:]
    return found[-1]
