"""One contract for all queues, each on its real server: pgmq, Valkey, and Upstash's API."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest

from shared.database.clients import close_http_pools
from shared.env import SupabaseEnv
from shared.errors import ConfigurationError, UnavailableError
from shared.queue.pgmq import PgmqQueue
from shared.queue.port import Message, Queue
from shared.queue.redis import RedisRunner
from shared.queue.scripted import ScriptedQueue, whoever_holds
from shared.queue.upstash import UpstashRunner
from tests.conftest import RunningStack
from tests.support.media.valkey import TOKEN, run_upstash, run_valkey

pytestmark = pytest.mark.e2e

Q = "sdxl_queue"


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with run_valkey() as url:
        yield url


@pytest.fixture(scope="module")
def upstash(valkey: str) -> Iterator[str]:
    with run_upstash(valkey) as url:
        yield url


@pytest.fixture(params=["pgmq", "valkey", "upstash"])
async def queue(
    request: pytest.FixtureRequest, stack: RunningStack, valkey: str, upstash: str
) -> AsyncIterator[PgmqQueue | ScriptedQueue]:
    """An empty queue. Connections belong to the test's event loop."""
    made: PgmqQueue | ScriptedQueue
    if request.param == "pgmq":
        with psycopg.connect(stack.dsn, autocommit=True) as connection:
            connection.execute("delete from pgmq.q_sdxl_queue")
            connection.execute("delete from media.fair_shares")
        made = PgmqQueue(SupabaseEnv(stack.url, (stack.anon_key,), (stack.service_role_key,), ""))
    else:
        runner = RedisRunner(valkey)
        await runner.run("redis.call('FLUSHALL') return 1", "x", [])
        await runner.close()
        is_valkey = request.param == "valkey"
        made = ScriptedQueue(RedisRunner(valkey) if is_valkey else UpstashRunner(upstash, TOKEN))
    yield made
    await made.close()
    await close_http_pools()


async def claim(queue: Queue, seconds: float = 60) -> Message:
    message = await queue.claim(Q, seconds)
    assert message
    return message


async def drain(queue: Queue) -> list[str]:
    bodies: list[str] = []
    while message := await queue.claim(Q, 60):
        bodies.append(message.body)
    return bodies


async def test_first_in_first_out(queue: Queue) -> None:
    for i in range(12):
        await queue.send(Q, f"{i} ü")

    assert await drain(queue) == [f"{i} ü" for i in range(12)]


async def test_a_claimed_message_is_hidden_until_it_is_done(queue: Queue) -> None:
    await queue.send(Q, "a")
    message = await claim(queue)

    assert await queue.claim(Q, 60) is None
    assert (message.body, message.reads) == ("a", 1)
    assert await queue.done(message)
    assert not await queue.done(message)
    assert (await queue.depth(Q)).in_flight == 0


async def test_an_expired_lease_is_taken_over_and_the_first_has_lost_it(queue: Queue) -> None:
    await queue.send(Q, "a")
    first = await claim(queue, 0)
    second = await claim(queue)

    assert (second.id, second.reads) == (first.id, 2)
    assert not await queue.renew(first, 60)
    assert not await queue.fail(first)
    assert not await queue.done(first)
    assert await queue.renew(second, 60)
    assert await queue.done(second)


async def test_a_renewed_lease_holds(queue: Queue) -> None:
    await queue.send(Q, "a")
    message = await claim(queue, 1)

    assert await queue.renew(message, 60)
    await asyncio.sleep(1.1)

    assert await queue.claim(Q, 60) is None


async def test_a_failed_message_keeps_its_place(queue: Queue) -> None:
    for body in "abc":
        await queue.send(Q, body)
    first = await claim(queue)

    assert await queue.fail(first)

    assert await drain(queue) == ["a", "b", "c"]


async def test_a_failed_message_may_wait(queue: Queue) -> None:
    await queue.send(Q, "a")
    await queue.send(Q, "b")

    await queue.fail(await claim(queue), delay=60)

    assert await drain(queue) == ["b"]


async def test_priority_comes_first(queue: Queue) -> None:
    await queue.send(Q, "later", priority=-5)
    await queue.send(Q, "usual", group=str(uuid4()))
    await queue.send(Q, "urgent", priority=5)

    assert await drain(queue) == ["urgent", "usual", "later"]


async def test_groups_take_turns(queue: Queue) -> None:
    for group in "AB":
        for i in range(3):
            await queue.send(Q, f"{group}{i}", group=group)

    order = await drain(queue)

    assert [sorted(order[i : i + 2]) for i in (0, 2, 4)] == [[f"A{i}", f"B{i}"] for i in range(3)]


async def test_a_group_of_many_does_not_starve_one(queue: Queue) -> None:
    for i in range(30):
        await queue.send(Q, f"A{i}", group="A")
    for _ in range(10):
        await queue.claim(Q, 60)
    await queue.send(Q, "B", group="B")

    assert "B" in (await drain(queue))[:2]


async def test_depth_counts_and_tells_the_oldest(queue: Queue) -> None:
    assert (await queue.depth(Q)).waiting == 0
    for i in range(3):
        await queue.send(Q, str(i))
    await queue.claim(Q, 60)
    await asyncio.sleep(0.05)

    depth = await queue.depth(Q)

    assert (depth.waiting, depth.in_flight) == (2, 1)
    assert 0.05 <= depth.oldest_seconds < 30


async def test_each_message_goes_to_one_of_many(queue: Queue) -> None:
    for i in range(40):
        await queue.send(Q, str(i))

    taken = await asyncio.gather(*(drain(queue) for _ in range(8)))

    bodies = [body for some in taken for body in some]
    assert sorted(bodies, key=int) == [str(i) for i in range(40)]


async def test_waiting_messages_can_be_looked_at(queue: PgmqQueue | ScriptedQueue) -> None:
    for body in "abc":
        await queue.send(Q, body)

    assert await queue.peek(Q, 0, -1) == ["a", "b", "c"]
    assert await queue.peek(Q, 1, 1) == ["b"]
    assert await queue.peek(Q, -1, -1) == ["c"]


async def test_an_id_is_sent_once_and_ended_without_its_claim(
    queue: PgmqQueue | ScriptedQueue,
) -> None:
    if isinstance(queue, PgmqQueue):
        pytest.skip("pgmq gives ids itself; a job's row holds it")
    await queue.send(Q, "a", id="job-1")
    await queue.send(Q, "a", id="job-1")
    assert await drain(queue) == ["a"]

    assert await queue.done(whoever_holds(Q, "job-1"))
    assert await queue.send(Q, "b", id="job-1") == "job-1"
    assert await drain(queue) == ["b"]


async def test_an_unreachable_server_is_said_to_be_so(upstash: str) -> None:
    for runner in (RedisRunner("redis://127.0.0.1:1/0"), UpstashRunner("http://127.0.0.1:1", "x")):
        with pytest.raises(UnavailableError) as raised:
            await ScriptedQueue(runner).send(Q, "a")
        assert raised.value.code == "QUEUE_UNAVAILABLE"
        await runner.close()
    with pytest.raises(ConfigurationError):
        await ScriptedQueue(UpstashRunner(upstash, "wrong")).send(Q, "a")
    await close_http_pools()
