"""Events on their way to the database: in batches, each with an answer of its own."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.env import SupabaseEnv, read_env
from shared.errors import BadInputError
from shared.telephony.errors import NotStoredError
from shared.telephony.event import Applied, CallEvent
from shared.telephony.retell import parse_event
from shared.telephony.store import EventStore

Reply = tuple[int, Any]
Answer = Callable[[list[str]], Reply]


def applied(call_ids: list[str]) -> Reply:
    """As public.apply_call_events_v1 answers; the campaign shows which event it is for."""
    return 200, [{"duplicate": False, "campaign_id": call_id} for call_id in call_ids]


@dataclass(slots=True)
class Database:
    """A data API that shows what it was asked, and answers when it is let to."""

    answer: Answer
    is_let: asyncio.Event = field(default_factory=asyncio.Event)
    arrivals: asyncio.Queue[None] = field(default_factory=asyncio.Queue[None])
    batches: list[list[str]] = field(default_factory=list[list[str]])
    env: SupabaseEnv = field(init=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("post /rest/v1/rpc/apply_call_events_v1 ")
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        events = json.loads(await reader.readexactly(length))["events"]
        self.batches.append([event["call_id"] for event in events])
        self.arrivals.put_nowait(None)
        await self.is_let.wait()
        status, body = self.answer(self.batches[-1])
        writer.write(f"HTTP/1.1 {status} X\r\nconnection: close\r\n\r\n".encode())
        writer.write(json.dumps(body).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def database(answer: Answer = applied, *, is_let: bool = True) -> AsyncGenerator[Database]:
    running = Database(answer)
    if is_let:
        running.is_let.set()
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    keys = {"SUPABASE_SECRET_KEYS": '{"default": "sb_secret_x"}'}
    running.env = read_env({"SUPABASE_URL": f"http://127.0.0.1:{port}", **keys}).supabase
    async with server:
        yield running


def event(call_id: str) -> CallEvent:
    return parse_event("call_ended", {"call_id": call_id})


async def apply_all(running: Database, *call_ids: str) -> list[Applied | BaseException]:
    """The first one's request is under way before the others come."""
    store = EventStore(running.env)
    tasks = [asyncio.create_task(store.apply(event(call_ids[0])))]
    await running.arrivals.get()
    tasks += [asyncio.create_task(store.apply(event(call_id))) for call_id in call_ids[1:]]
    await asyncio.sleep(0)  # lets them join the queue
    running.is_let.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_event_is_sent_at_once() -> None:
    async with database() as running:
        answer = await EventStore(running.env).apply(event("a"))

    assert answer == Applied(campaign_id="a")
    assert running.batches == [["a"]]


async def test_events_that_come_meanwhile_go_together_in_the_order_of_their_calls() -> None:
    async with database(is_let=False) as running:
        answers = await apply_all(running, "m", "z", "a", "k")

    assert running.batches == [["m"], ["a", "k", "z"]]
    assert answers == [Applied(campaign_id=call_id) for call_id in ("m", "z", "a", "k")]


async def test_a_batch_has_an_upper_limit() -> None:
    names = [f"{number:03}" for number in range(251)]
    async with database(is_let=False) as running:
        answers = await apply_all(running, *names)

    assert [len(batch) for batch in running.batches] == [1, 100, 100, 50]
    assert answers == [Applied(campaign_id=name) for name in names]


async def test_an_event_that_cannot_be_stored_fails_alone() -> None:
    def answer(call_ids: list[str]) -> Reply:
        refused = {"code": "22P05", "message": "unsupported Unicode escape sequence"}
        return (400, refused) if "bad" in call_ids else applied(call_ids)

    async with database(answer, is_let=False) as running:
        first, good, bad = await apply_all(running, "first", "good", "bad")

    assert [first, good] == [Applied(campaign_id="first"), Applied(campaign_id="good")]
    assert isinstance(bad, BadInputError)
    assert bad.code == "UNSTORABLE"
    assert running.batches == [["first"], ["bad", "good"], ["bad"], ["good"]]


async def test_what_another_transaction_was_in_the_way_of_is_tried_again() -> None:
    replies: list[Reply] = [(500, {"code": "40P01", "message": "deadlock detected"})]

    async with database(lambda ids: replies.pop() if replies else applied(ids)) as running:
        answer = await EventStore(running.env).apply(event("a"))

    assert answer == Applied(campaign_id="a")
    assert running.batches == [["a"], ["a"]]


@pytest.mark.parametrize(
    ("reply", "tries"),
    [
        ((500, {"code": "40P01", "message": "deadlock detected"}), 3),
        ((500, {"code": "XX000", "message": "internal"}), 1),
        ((503, {"code": "PGRST000", "message": "no connection"}), 1),
        ((502, "Bad gateway"), 1),
        ((401, {"code": "PGRST301", "message": "no key"}), 1),
    ],
)
async def test_what_is_not_stored_is_told_as_a_failure_of_ours(reply: Reply, tries: int) -> None:
    async with database(lambda _ids: reply) as running:
        with pytest.raises(NotStoredError) as caught:
            await EventStore(running.env).apply(event("a"))

    assert (caught.value.status, caught.value.code) == (500, "DATABASE_UNAVAILABLE")
    assert len(running.batches) == tries


async def test_nobody_there_is_told_as_a_failure_of_ours() -> None:
    async with database() as running:
        pass

    with pytest.raises(NotStoredError):
        await EventStore(running.env).apply(event("a"))


async def test_where_the_database_s_url_does_not_lead_the_data_api_is_asked() -> None:
    async with database() as running:
        env = replace(running.env, database_url="host=/nowhere")
        answers = [await EventStore(env).apply(event(call_id)) for call_id in "ab"]

    assert answers == [Applied(campaign_id="a"), Applied(campaign_id="b")]
    assert running.batches == [["a"], ["b"]]


async def test_a_failure_leaves_the_way_free_for_the_next() -> None:
    replies: list[Reply] = [(503, {"code": "PGRST000", "message": "no connection"})]

    async with database(lambda ids: replies.pop() if replies else applied(ids)) as running:
        store = EventStore(running.env)
        with pytest.raises(NotStoredError):
            await store.apply(event("a"))

        assert await store.apply(event("a")) == Applied(campaign_id="a")
