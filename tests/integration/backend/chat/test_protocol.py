"""The chat protocol over Socket.IO, against the whole stack."""

import asyncio
import json
from contextlib import suppress

import aiohttp
import httpx
import pytest
import websockets

from tests.support.chat_server import ChatServer, connect, message
from tests.support.waiting import PATIENCE


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


def test_pages_of_this_machine_may_call_and_others_not(chat: ChatServer) -> None:
    sockets = "/socket.io/?EIO=4&transport=polling"
    for path, refused in (("/agent", 200), (sockets, 400)):
        local = httpx.get(f"{chat.url}{path}", headers={"origin": "http://localhost:8080"})
        assert local.headers["access-control-allow-origin"] == "http://localhost:8080"
        foreign = httpx.get(f"{chat.url}{path}", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in foreign.headers
        assert foreign.status_code == refused
    rebound = httpx.get(f"{chat.url}/session", headers={"host": "evil.example"})
    assert rebound.status_code == 400


async def test_a_message_sent_twice_is_answered_once(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        given = message("help")
        ended = await client.ask(given)
        client.outputs.clear()
        assert await client.ask({**given, "is_retry": True}) == ended
    with chat.http() as http:
        session = http.get(f"/session/{given['session_id']}").json()
    assert len(session["conversation"]) == 2


async def test_two_tabs_of_a_session_see_the_same(chat: ChatServer) -> None:
    given = message("help")
    async with connect(chat.url) as first, connect(chat.url) as second:
        await first.ask(given)
        again = message("list calls", given["session_id"])
        await second.ask(again)
        seen = await first.wait_end(again["conv_id"])
        assert seen == await second.wait_end(again["conv_id"])


async def test_a_client_that_comes_back_gets_what_it_missed(chat: ChatServer) -> None:
    given = message("help")
    async with connect(chat.url) as client:
        await client.send(given)  # and leaves without reading
        await client.wait(lambda output: output["conv_id"] == given["conv_id"])
    async with connect(chat.url, {"session_id": given["session_id"], "last_seen": 0}) as client:
        ended = await client.wait_end(given["conv_id"])
    async with connect(chat.url) as client:
        await client.send({key: given[key] for key in ("session_id", "conv_id")}, "reconnect")
        assert await client.wait_end(given["conv_id"]) == ended
        await client.send(None, "reconnect")
        await client.send({"session_id": given["session_id"]}, "reconnect")
        assert (await client.ask(message("help")))["status"] == "success"


async def test_a_client_follows_a_session_and_reads_itself_what_is_stored(chat: ChatServer) -> None:
    """As the console's page does."""
    async with connect(chat.url) as writer, connect(chat.url) as reader:
        first = message("help")
        await writer.ask(first)
        session_id = first["session_id"]
        ids = {"session_id": session_id, "conv_id": ""}
        await reader.socket.call("reconnect", ids, namespace="/chat")
        second = message("help", session_id)
        ended = await writer.ask(second)
        assert await reader.wait_end(second["conv_id"]) == ended
        assert {output["conv_id"] for output in reader.outputs} == {second["conv_id"]}


async def test_messages_of_one_session_run_one_after_the_other(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        first = message("list calls")
        others = [message("help", first["session_id"]) for _ in range(4)]
        for each in (first, *others):
            await client.send(each)
        ends = [await client.wait_end(each["conv_id"]) for each in (first, *others)]
        finished = [o["msg_id"] for o in client.outputs if o["status"] == "success"]
    assert finished == [end["msg_id"] for end in ends]


BAD = [
    ({"content": []}, "content"),
    ({"content": "hello"}, "content"),
    ({"content": [{"type": "text"}]}, "needs text"),
    ({"content": [{"type": "text", "text": "x" * 204_801}]}, "upload it"),
    ({"content": [{"type": "text", "text": "x" * 900_000}]}, "upload it"),
    ({"content": [{"type": "text", "text": "x"}] * 51}, "content"),
    ({"msg_id": "x" * 65}, "msg_id"),
    ({"other": "x" * 400_000}, "upload it"),
    ({"other": [1] * 10_001}, "values"),
    ({"other": [[[]] * 100] * 100}, "values"),
    ({"other": [[]] * 30_000}, "10,000 values"),
    ({"other": float("nan")}, "not JSON compliant"),
    ({"other": float("inf")}, "not JSON compliant"),
    ({"msg_id": {"a": 1}}, "msg_id"),
    ({"agents": "all"}, "agents"),
    ({"collection_id": 7}, "collection_id"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
async def test_a_bad_message_is_answered_with_an_error(
    chat: ChatServer, change: dict[str, object], words: str
) -> None:
    async with connect(chat.url) as client:
        ended = await client.ask({**message("hello"), **change})
        assert ended["status"] == "error"
        assert words in ended["content"][0]["text"]
        assert ended["message"] == ended["content"][0]["text"]
        assert ended["metadata"]["error_type"] == "invalid_message"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_message_of_many_values_is_not_parsed(chat: ChatServer, transport: str) -> None:
    before = count_refused_frames(chat)
    async with connect(chat.url, transports=[transport]) as client:
        given = message("hello", other=[[]] * 30_000)
        ended = await client.ask(given)
        assert (ended["session_id"], ended["status"]) == (given["session_id"], "error")
        commas = message(f"list calls {',' * 150_000}")
        assert (await client.ask(commas))["status"] != "error"
    assert count_refused_frames(chat) == before + 1


def count_refused_frames(chat: ChatServer) -> int:
    with chat.http() as http:
        return int(http.get("/metrics").text.partition("chat_refused_frames_total ")[2])


@pytest.mark.parametrize("data", [None, 7, "text", [], {}, {"session_id": "x"}, {"content": None}])
async def test_a_message_that_nobody_can_answer_does_no_harm(
    chat: ChatServer, data: object
) -> None:
    async with connect(chat.url) as client:
        await client.send(data)
        assert (await client.ask(message("help")))["status"] == "success"


async def test_a_message_without_ids_begins_a_session(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        await client.send({"content": [{"type": "text", "text": "help"}]})
        ended = (await client.wait(lambda output: output["status"] == "success"))[-1]
    with chat.http() as http:
        session = http.get(f"/session/{ended['session_id']}").json()
        assert session["conversation"][1] == ended
        assert http.delete(f"/session/{ended['session_id']}").status_code == 200


async def test_a_text_with_control_characters_is_kept(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        ended = await client.ask(message("list calls \x00 \ud800 \u202e"))
    assert ended["status"] in {"success", "not_generated"}


async def test_an_unknown_agent_is_named(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        ended = await client.ask(message("@poet write"))
        assert "There is no agent @poet" in ended["content"][0]["text"]
        ended = await client.ask(message("write to me@example.com", agents=["assistant"]))
        assert ended["status"] != "error"


async def test_more_than_thirty_messages_a_minute_are_too_many(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        for _ in range(30):
            await client.send(
                {"session_id": "s", "conv_id": "c", "content": [{"type": "text", "text": "help"}]}
            )
        ended = await client.ask(message("help"))
    assert ended["status"] == "overlimit"
    assert "wait" in ended["content"][0]["text"]


@pytest.mark.parametrize(
    "frame",
    ["", "9", "4", "42/chat,", "42/chat,{", "42/chat,[]", "42/chat,[7]", '42/chat,["chat"]', "42/c",
     "451-/chat,", '42/chat,["disconnect"]', '42/chat,["on_chat",{}]', "4" + "2" * 1000,
     '42/chat,["chat",' + "[" * 50_000, "4" + "[" * 50_000, "40/chat," + "[]," * 50_000,
     '42/chat,["reconnect",[' + "[]," * 50_000 + "[]]]", b"\x00\xff", "43/chat,1[]", "40/other,"],
)  # fmt: skip
async def test_frames_of_no_protocol_end_at_most_their_own_socket(
    chat: ChatServer, frame: str | bytes
) -> None:
    url = f"{chat.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    async with websockets.connect(url, open_timeout=PATIENCE) as socket:
        await socket.recv()
        await socket.send("40/chat,")
        await socket.recv()
        await socket.send(frame)
        await socket.send("40/chat,")
        with suppress(websockets.ConnectionClosed):
            await socket.send("1")
    async with connect(chat.url) as client:
        assert (await client.ask(message("help")))["status"] == "success"


@pytest.mark.parametrize("packets", [[], ["2probe"], ["6"]])
async def test_a_client_whose_upgrade_fails_goes_on_polling(
    chat: ChatServer, packets: list[str]
) -> None:
    polling = "/socket.io/?EIO=4&transport=polling"
    async with httpx.AsyncClient(base_url=chat.url, timeout=PATIENCE) as http:
        sid = json.loads((await http.get(polling)).text[1:])["sid"]
        session = f"{polling}&sid={sid}"
        await http.post(session, content="40/chat,")
        assert "40/chat," in (await http.get(session)).text
        url = f"{chat.url.replace('http', 'ws', 1)}{session.replace('polling', 'websocket')}"
        async with websockets.connect(url, open_timeout=PATIENCE) as socket:
            for packet in packets:
                await socket.send(packet)
        event = f"42/chat,{json.dumps(['chat', message('help')])}"
        await http.post(session, content=event)
        async with asyncio.timeout(PATIENCE):
            while '"success"' not in (await http.get(session)).text:
                pass


async def test_a_message_larger_than_the_socket_takes_ends_it_alone(chat: ChatServer) -> None:
    async with connect(chat.url) as other:
        async with connect(chat.url) as client:
            await client.send(message("x" * (3 << 20)))
            await client.socket.wait()
        assert (await other.ask(message("help")))["status"] == "success"


async def test_events_out_of_order_are_answered_in_theirs(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        given = message("help")
        ids = {key: given[key] for key in ("session_id", "conv_id")}
        await client.send(ids, "reconnect")  # of a session that is not there yet
        ended = await client.ask(given)
        again = message("list calls", given["session_id"], conv_id=given["conv_id"])
        await client.send(again)  # in the same conversation
        found = await client.wait(
            lambda output: output["msg_id"] != ended["msg_id"] and output["status"] != "progress"
        )
        assert found[-1]["conv_id"] == given["conv_id"]
        await client.send({**given, "content": [{"type": "text", "text": "other"}]})
        assert (await client.wait(lambda output: output == ended))[-1] == ended


async def test_a_client_without_a_session_gets_what_it_missed_with_its_first_message(
    chat: ChatServer,
) -> None:
    """The real client connects again by itself, and never names a session but in messages."""
    given = message("help")
    async with connect(chat.url) as client:
        await client.send(given)
        await client.wait(lambda output: output["conv_id"] == given["conv_id"])
    async with connect(chat.url) as reader:
        await reader.send({key: given[key] for key in ("session_id", "conv_id")}, "reconnect")
        ended = await reader.wait_end(given["conv_id"])
    async with connect(chat.url) as client:
        another = message("list calls", given["session_id"])
        await client.send(another)
        assert await client.wait_end(given["conv_id"]) == ended
        last = await client.wait_end(another["conv_id"])
        await client.ask(message("help", given["session_id"]))
    sent = [output["status"] for output in client.outputs if output["msg_id"] == ended["msg_id"]]
    assert sent == ["success"]
    statuses = [each["status"] for each in client.outputs if each["msg_id"] == last["msg_id"]]
    assert statuses[0] == "progress"
    assert statuses.count("success") == 1


async def test_a_browser_goes_on_with_the_sessions_that_it_followed(chat: ChatServer) -> None:
    """Its new socket says nothing: the server knows it by the cookie of the one before."""
    given = message("help")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with connect(chat.url, browser=browser) as client:
            await client.ask(given)
        again = message("list calls", given["session_id"])
        async with connect(chat.url) as other:
            ended = await other.ask(again)  # while the browser is away
        async with connect(chat.url, browser=browser) as client, connect(chat.url) as other:
            assert await client.wait_end(again["conv_id"]) == ended
            more = message("help", given["session_id"])
            assert await other.ask(more) == await client.wait_end(more["conv_id"])
    async with connect(chat.url) as stranger:
        await stranger.ask(message("help"))
        assert {each["session_id"] for each in stranger.outputs}.isdisjoint({given["session_id"]})


async def test_a_browser_follows_a_session_that_it_has_opened(chat: ChatServer) -> None:
    given = message("help")
    path = f"{chat.url}/session/{given['session_id']}"
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
        connect(chat.url) as writer,
        connect(chat.url, browser=browser) as reader,
    ):
        await writer.ask(given)
        async with browser.get(path) as answer:
            assert len((await answer.json())["conversation"]) == 2
        again = message("list calls", given["session_id"])
        assert await writer.ask(again) == await reader.wait_end(again["conv_id"])
        assert {each["conv_id"] for each in reader.outputs} == {again["conv_id"]}
    with chat.http() as http:
        http.headers["cookie"] = 'chat_socket="x'
        assert http.get(f"/session/{given['session_id']}").status_code == 200
