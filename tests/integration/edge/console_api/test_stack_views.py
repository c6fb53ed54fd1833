"""Schedules, providers, realtime and settings over the API."""

from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from edge.tokens import mint
from tests.integration.edge.console_api.client import Console
from tests.support.realtime_service import Client

pytestmark = [pytest.mark.e2e]


def test_providers_say_what_they_are_and_take_faults(console: Console) -> None:
    listed = console.get("/providers")["data"]
    added = console.request(
        "POST", "/providers/openai/faults", json={"kind": "status", "status": 529, "times": 2}
    )
    wrong = console.request("POST", "/providers/openai/faults", json={"kind": "nothing"})
    unknown = console.request("GET", "/providers/nobody/faults")
    pending = console.get("/providers/openai/faults")["data"]
    cleared = console.request("DELETE", "/providers/faults").json()["data"]

    assert {each["id"] for each in listed} == {"openai", "anthropic", "retell", "replicate"}
    assert not any(each["is_real"] or each["is_key_set"] for each in listed)
    assert added.status_code == 200
    assert [each["status"] for each in pending] == [529, 529]
    assert (wrong.status_code, unknown.status_code) == (400, 404)
    assert cleared == []
    assert "data" in console.get("/providers/retell/ledger")


def test_settings_hide_secrets_until_they_are_asked_for(console: Console) -> None:
    settings = console.get("/settings")
    secrets = console.request("POST", "/settings/secrets").json()

    assert settings["urls"]["API"] == console.stack.url
    assert settings["versions"]["Postgres"].startswith("18")
    shown = str(settings)
    assert all(secrets[name] not in shown for name in settings["secret_names"])
    assert "settings.show_secrets" in console.audited("keys")


def test_schedules_are_listed_with_their_next_run(console: Console) -> None:
    listed = console.get("/schedules")["data"]

    functions = [each for each in listed if each["kind"] == "function"]
    assert functions
    assert all(each["next_at"] for each in functions)
    refused = console.request("POST", f"/schedules/{functions[0]['id']}/run")
    assert refused.json()["code"] == "SCHEDULES_OFF"  # the tests' stack runs none
    assert console.get("/schedules/job:1/runs") is not None


async def test_open_channels_are_shown_with_the_messages_that_they_had(console: Console) -> None:
    stack, room, table = console.stack, f"room-{uuid4().hex}", console.table
    console.execute(f"alter publication supabase_realtime add table public.{table}")
    console.execute(f"grant all on public.{table} to anon, authenticated, service_role")
    url = f"{stack.url.replace('http', 'ws', 1)}/realtime/v1/websocket?vsn=2.0.0&apikey="
    owner = mint(stack.jwt_secret, "authenticated", sub=console.users[0], aud="authenticated")
    listened = {"postgres_changes": [{"event": "INSERT", "schema": "public", "table": table}]}
    async with (
        connect(url + stack.service_role_key, proxy=None) as first,
        connect(url + owner, proxy=None) as second,
        connect(url + owner, proxy=None) as elsewhere,
    ):
        ann, bob, other = Client(first), Client(second), Client(elsewhere)
        await ann.join(room, broadcast={"ack": True}, presence={"key": "ann"}, **listened)
        await bob.join(room, **listened)
        await other.join(f"{room}-other")
        await ann.event("system")
        await bob.event("system")
        assert _messages(console, room) == (0, 0, 0)

        for number in range(3):
            await ann.send(f"realtime:{room}", "broadcast", {"event": "hi", "payload": number})
            await bob.event("broadcast")
        console.execute(f"select realtime.send('{{}}', 'sent', '{room}', false)")
        await ann.event("broadcast")
        for at in (1, 1, 2):  # the second says nothing new
            track = {"type": "presence", "event": "track", "payload": {"at": at}}
            ref = await ann.send(f"realtime:{room}", "presence", track)
            await ann.until(lambda message, ref=ref: message[1] == ref)
        for user in (console.users[0], console.users[0], console.users[1]):
            console.execute(f"insert into public.{table} (owner) values ('{user}')")
        for client, changes in ((ann, 3), (bob, 2)):
            for _ in range(changes):
                await client.event("postgres_changes")

        assert _messages(console, room) == (4, 2, 3)
        assert _messages(console, f"{room}-other") == (0, 0, 0)


def _messages(console: Console, room: str) -> tuple[int, int, int]:
    state = console.get("/realtime")
    (topic,) = [each for each in state["data"] if each["topic"] == room]
    assert state["sockets"] >= topic["members"] == len(topic["connections"]) > 0
    counts = topic["messages"]
    return counts["broadcast"], counts["presence"], counts["postgres_changes"]
