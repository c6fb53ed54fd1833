"""The chat backend as npm's and Python's Socket.IO clients meet it, by one list of calls.

Its page is tested with the console.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient

from tests.conftest import RunningStack
from tests.e2e.conftest import Play
from tests.support.chat_server import ChatServer, chat_server, connect, message

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def chat(_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """A backend with sessions of its own."""
    url = f"sqlite://{tmp_path_factory.mktemp('chat')}/chat.db"
    project = (_stack.url, _stack.service_role_key, _stack.dsn)
    with chat_server(*project, CHAT_DATABASE_URL=url) as server:
        yield server


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
        found["message"] = message("list calls", collection_id=collections[0]["id"])
        await client.ask(found["message"])
        found["outputs"] = client.outputs
        path = f"/session/{found['message']['session_id']}"
        await read("session", path)
        await read("removed", path, "DELETE")
        found["transport"] = client.socket.transport()
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
    given, outputs = result["message"], result["outputs"]
    assert {output["msg_id"] for output in outputs} == {outputs[0]["msg_id"]}
    assert {output["conv_id"] for output in outputs} == {given["conv_id"]}
    assert {output["session_id"] for output in outputs} == {given["session_id"]}
    assert (outputs[0]["status"], outputs[-1]["status"]) == ("progress", "success")
    conversation = result["session"]["body"]["conversation"]
    assert [each["msg_type"] for each in conversation] == ["input", "output"]
    assert result["removed"]["status"] == 200
