"""The chat protocol over Socket.IO, against the whole stack."""

import httpx
import pytest

from tests.support.chat_server import ChatServer, connect, message


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_an_output_is_updated_in_place(chat: ChatServer, transport: str) -> None:
    async with connect(chat.url, transports=[transport]) as client:
        given = message("help")
        ended = await client.ask(given)
        assert {output["msg_id"] for output in client.outputs} == {ended["msg_id"]}
        assert [o["status"] for o in client.outputs] == ["progress", "success"]
        assert ended["session_id"] == given["session_id"]
        assert ended["conv_id"] == given["conv_id"]
        assert "@sales_prompt_extractor" in ended["content"][0]["text"]
        assert isinstance(ended["metadata"]["timestamp"], str)


async def test_a_session_keeps_inputs_and_outputs(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        given = message("help")
        ended = await client.ask(given)
    with chat.http() as http:
        session = http.get(f"/session/{given['session_id']}").json()
        assert [each["msg_type"] for each in session["conversation"]] == ["input", "output"]
        assert session["conversation"][1] == ended
        assert session["metadata"]["title"] == "help"
        assert given["session_id"] in [each["session_id"] for each in http.get("/session").json()]
        assert http.delete(f"/session/{given['session_id']}").status_code == 200
        assert http.delete(f"/session/{given['session_id']}").status_code == 404
        assert http.get(f"/session/{given['session_id']}").status_code == 404


async def test_the_calls_that_the_client_makes_on_mount(chat: ChatServer) -> None:
    with chat.http() as http:
        assert set(http.get("/config/check").json().values()) == {True}
        collections = http.get("/videodb/collection").json()
        assert set(collections[0]) == {"id", "name", "description"}
        for kind in ("video", "audio", "image"):
            answer = http.get(f"/videodb/collection/default/{kind}")
            assert isinstance(answer.json(), list), kind
        assert {"name", "description"} <= set(http.get("/agent").json()[0])


def test_a_page_of_any_origin_may_call(chat: ChatServer) -> None:
    answer = httpx.get(f"{chat.url}/agent", headers={"origin": "http://localhost:8080"})
    assert answer.headers["access-control-allow-origin"] == "*"
