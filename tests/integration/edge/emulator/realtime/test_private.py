"""Private channels: policies on realtime.messages decide who reads and writes."""

import psycopg
import pytest

from edge.emulator.realtime.service import RealtimeService
from tests.integration.edge.emulator.realtime.conftest import Connect
from tests.support.realtime_service import ANN, BOB, user_token

POLICIES = """
create policy "read own" on realtime.messages for select to authenticated
  using (realtime.topic() like 'room:' || auth.uid() || '%');
create policy "write own" on realtime.messages for insert to authenticated
  with check (realtime.topic() = 'room:' || auth.uid());
"""


@pytest.fixture
def dsn(service: RealtimeService) -> str:
    with psycopg.connect(service.dsn, autocommit=True) as connection:
        connection.execute(POLICIES)
    return service.dsn


async def test_only_who_may_read_joins(open_socket: Connect, dsn: str) -> None:
    client = await open_socket()
    allowed = await client.join(f"room:{ANN}", user_token(ANN), private=True)
    refused = await client.join(f"room:{ANN}:x", user_token(BOB), private=True)

    assert (allowed["status"], dsn != "") == ("ok", True)
    assert refused == {
        "status": "error",
        "response": {
            "reason": "Unauthorized: You do not have permissions to read from this Channel"
            f" topic: room:{ANN}:x"
        },
    }


async def test_who_may_not_write_reaches_nobody(open_socket: Connect, dsn: str) -> None:
    ann, reader = await open_socket(), await open_socket()
    for client in (ann, reader):
        assert (await client.join(f"room:{ANN}:x", user_token(ANN), private=True))["status"] == "ok"
    payload = {"type": "broadcast", "event": "hi", "payload": {}}
    await ann.send(f"realtime:room:{ANN}:x", "broadcast", payload)

    assert await reader.nothing("broadcast")
    assert dsn


async def test_the_database_sends_to_private_and_public_topics(
    open_socket: Connect, dsn: str
) -> None:
    topic = f"room:{ANN}"
    member, public = await open_socket(), await open_socket()
    await member.join(topic, user_token(ANN), private=True)
    await public.join(topic)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select realtime.send('{\"n\": 1}', 'hi', %s)", (topic,))
        connection.execute("select realtime.send('{\"n\": 2}', 'hi', %s, false)", (topic,))

    assert (await member.event("broadcast"))["payload"]["n"] == 1
    assert (await public.event("broadcast"))["payload"]["n"] == 2
    assert await member.nothing("broadcast")


async def test_stored_broadcasts_are_replayed_once(open_socket: Connect, dsn: str) -> None:
    topic = f"room:{ANN}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        for number in range(3):
            connection.execute(
                "select realtime.send(jsonb_build_object('n', %s::int), 'hi', %s)", (number, topic)
            )
    client = await open_socket()
    replay = {"since": 0, "limit": 2}
    await client.join(topic, user_token(ANN), private=True, broadcast={"replay": replay})
    seen = [await client.event("broadcast") for _ in range(2)]
    refused = await client.join("other", broadcast={"replay": replay})

    assert [each["payload"]["n"] for each in seen] == [1, 2]
    assert seen[0]["meta"]["replayed"] is True
    assert refused["response"]["reason"].startswith("UnableToReplayMessages: ")
