"""A backend that is killed, several backends, and users with tokens."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import socketio.exceptions

from tests.conftest import RunningStack
from tests.integration.backend.chat.test_sales_run import SAMPLE, upload
from tests.support.chat_server import chat_server, connect, message
from tests.support.media.valkey import run_valkey


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
async def test_a_run_goes_on_after_the_backend_was_killed(
    stack: RunningStack, tmp_path: Path, kind: str
) -> None:
    stack.fault(provider="anthropic", kind="hang", seconds=8)
    given = message("@sales_prompt_extractor", collection_id="default")
    project = (stack.url, stack.service_role_key, stack.dsn)
    file = tmp_path / "chat.db"
    url = {"CHAT_DATABASE_URL": f"sqlite://{file}"} if kind == "sqlite" else {}
    with chat_server(*project, **url) as chat:
        given["video_id"] = upload(chat, SAMPLE).json()["id"]
        async with connect(chat.url) as client:
            await client.send(given)
            await client.wait(lambda output: "Writing the voice prompt" in output["actions"])
        os.kill(chat.pid, signal.SIGKILL)
    if kind == "sqlite":  # fifteen seconds later
        with closing(sqlite3.connect(file)) as database:
            database.execute("update runs set lease_expires_at = 0")
            database.commit()
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(
            "update chat.runs set lease_expires_at = now() where session_id = %s",
            (given["session_id"],),
        )
        before = _count_analyses(connection)
        with chat_server(*project, **url) as chat:
            async with connect(chat.url, {"session_id": given["session_id"]}) as client:
                ended = await client.wait_end(given["conv_id"])
                assert ended["status"] == "success", ended
            with chat.http() as http:
                session = http.get(f"/session/{given['session_id']}").json()
        assert _count_analyses(connection) == before  # the finished stage did not run again
    assert [each["msg_type"] for each in session["conversation"]] == ["input", "output"]
    assert session["conversation"][1] == ended


def _count_analyses(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "select count(*) from public.generated_outputs where output_type = 'analysis'"
    ).fetchone()
    assert row
    return row[0]


async def test_two_instances_share_a_session(stack: RunningStack) -> None:
    project = (stack.url, stack.service_role_key, stack.dsn)
    with chat_server(*project) as first, chat_server(*project) as second:
        async with connect(first.url) as writer, connect(second.url) as reader:
            given = message("help")
            await writer.ask(given)
            ids = {key: given[key] for key in ("session_id", "conv_id")}
            await reader.send(ids, "reconnect")
            await reader.wait_end(given["conv_id"])
            long = message(f"list calls {'x' * 9000}", given["session_id"])
            ended = await writer.ask(long)
            assert await reader.wait_end(long["conv_id"]) == ended


@pytest.mark.timeout(600)
async def test_one_of_two_instances_over_redis_is_killed(stack: RunningStack) -> None:
    """The client of the other one sees the whole run; the client of the killed one comes back."""
    stack.fault(provider="anthropic", kind="hang", seconds=8)
    project = (stack.url, stack.service_role_key, stack.dsn)
    given = message("@sales_prompt_extractor", collection_id="default")
    ids = {key: given[key] for key in ("session_id", "conv_id")}
    with run_valkey() as redis, chat_server(*project, REDIS_URL=redis) as first:
        given["video_id"] = upload(first, SAMPLE).json()["id"]
        async with connect(first.url) as writer:
            await writer.send(given)
            await writer.wait(lambda output: "Writing the voice prompt" in output["actions"])
            # Only now is there another instance, so that the first one has the run.
            with chat_server(*project, REDIS_URL=redis) as second:
                async with connect(second.url) as reader:
                    await reader.send(ids, "reconnect")
                    await reader.wait(lambda output: output["conv_id"] == given["conv_id"])
                    os.kill(first.pid, signal.SIGKILL)
                    with psycopg.connect(stack.dsn, autocommit=True) as connection:
                        connection.execute(  # fifteen seconds later
                            "update chat.runs set lease_expires_at = now() where session_id = %s",
                            (given["session_id"],),
                        )
                    ended = await reader.wait_end(given["conv_id"])
                    assert ended["status"] == "success", ended
                auth = {"session_id": given["session_id"], "last_seen": 0}
                async with connect(second.url, auth) as back:
                    assert await back.wait_end(given["conv_id"]) == ended
                    another = message("help", given["session_id"])
                    assert (await back.ask(another))["status"] == "success"
                with second.http() as http:
                    session = http.get(f"/session/{given['session_id']}").json()
    kinds = [each["msg_type"] for each in session["conversation"]]
    assert kinds == ["input", "output", "input", "output"]
    assert session["conversation"][1] == ended


async def test_two_instances_over_redis_share_a_session(stack: RunningStack) -> None:
    project = (stack.url, stack.service_role_key, stack.dsn)
    with (
        run_valkey() as redis,
        chat_server(*project, REDIS_URL=redis) as first,
        chat_server(*project, REDIS_URL=redis) as second,
    ):
        async with connect(first.url) as writer, connect(second.url) as reader:
            given = message("help")
            await writer.ask(given)
            ids = {key: given[key] for key in ("session_id", "conv_id")}
            await reader.send(ids, "reconnect")
            await reader.wait_end(given["conv_id"])
            more = message("list calls", given["session_id"])
            ended = await writer.ask(more)
            assert await reader.wait_end(more["conv_id"]) == ended


async def test_sqlite_keeps_sessions_over_a_restart(stack: RunningStack, tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/chat.db"
    project = (stack.url, stack.service_role_key, stack.dsn)
    given = message("help")
    with chat_server(*project, CHAT_DATABASE_URL=url) as chat:
        async with connect(chat.url) as client:
            ended = await client.ask(given)
    with chat_server(*project, CHAT_DATABASE_URL=url) as chat, chat.http() as http:
        session = http.get(f"/session/{given['session_id']}").json()
        assert session["conversation"][1] == ended
        assert http.delete(f"/session/{given['session_id']}").status_code == 200


async def test_with_sign_in_required_users_are_apart(stack: RunningStack) -> None:
    _, first = stack.create_user()
    _, second = stack.create_user()
    project = (stack.url, stack.service_role_key, stack.dsn)
    with chat_server(*project, CHAT_REQUIRE_AUTH="1") as chat:
        for auth in (None, {"token": "wrong"}, {"token": 7}, "x"):
            with pytest.raises(socketio.exceptions.ConnectionError):
                async with connect(chat.url, auth):
                    pass
        given = message("help")
        async with connect(chat.url, {"token": first}) as client:
            await client.ask(given)
        async with connect(chat.url, {"token": second}) as client:
            ended = await client.ask(message("help", given["session_id"]))
            assert ended["metadata"]["error_type"] == "session_not_found"
            await client.send(given, "reconnect")
            await client.ask(message("help"))
            assert all(output["conv_id"] != given["conv_id"] for output in client.outputs)
        with chat.http(second) as http:
            assert http.get(f"/session/{given['session_id']}").status_code == 404
            assert http.delete(f"/session/{given['session_id']}").status_code == 404
            assert len(http.get("/session").json()) == 1
        with chat.http() as http:
            assert http.get("/session").status_code == 401
        with stack.client(first) as client:
            path = f"/rest/v1/chat_messages?session_id=eq.{given['session_id']}&select=msg_type"
            assert len(client.get(path).json()) == 2
        with stack.client(second) as client:
            assert client.get(path).json() == []
