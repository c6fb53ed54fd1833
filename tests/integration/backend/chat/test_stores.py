"""Both stores of sessions hold the same contract."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backend.chat.messages import Message, Output
from backend.chat.stores import postgres, sqlite
from backend.chat.stores.store import Run, SessionNotFoundError, Store
from edge.emulator.postgres.cluster import Cluster

OWNER = None


@pytest.fixture(params=["postgres", "sqlite"])
async def store(
    request: pytest.FixtureRequest, cluster: Cluster, database: str, tmp_path: Path
) -> AsyncIterator[Store]:
    made: Store = (
        postgres.PostgresStore(cluster.dsn(database))
        if request.param == "postgres"
        else sqlite.SqliteStore(f"sqlite://{tmp_path}/chat.db")
    )
    await made.open()
    yield made
    await made.close()


def message(session_id: str = "s", **more: Any) -> Message:
    content = [{"type": "text", "text": "hello"}]
    return Message.model_validate({"session_id": session_id, "content": content} | more)


def output(given: Message, status: str = "progress", text: str = "") -> dict[str, Any]:
    made = Output(given.session_id, given.conv_id, "o-1", status=status, text=text)
    return made.render()


async def claim(store: Store, worker: str = "a") -> Run:
    run = await store.claim(worker)
    assert run
    return run


async def test_a_message_is_stored_once_and_answered_from_what_is_stored(store: Store) -> None:
    given = message()
    assert await store.begin(given, "o-1", OWNER) is None
    assert await store.begin(given, "o-2", OWNER) == {}
    ended = output(given, "success", "done")
    assert await store.save_output(ended)
    assert await store.begin(given, "o-3", OWNER) == ended


async def test_runs_of_a_session_are_claimed_one_after_the_other(store: Store) -> None:
    first, second, other = message(), message(), message("other")
    for given in (first, second, other):
        await store.begin(given, f"o-{given.msg_id}", OWNER)
    run = await claim(store)
    assert run.message.msg_id == first.msg_id
    assert (await claim(store)).message.msg_id == other.msg_id
    assert await store.claim("a") is None
    await store.finish(run)
    assert (await claim(store)).message.msg_id == second.msg_id


async def test_only_the_runs_that_are_worked_on_keep_their_lease(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (postgres, sqlite):
        monkeypatch.setattr(module, "LEASE_SECONDS", 0.3)
    for name in ("kept", "lost"):
        await store.begin(message(name), f"o-{name}", OWNER)
    runs = {(run := await claim(store)).message.session_id: run for _ in range(2)}
    for _ in range(4):
        await asyncio.sleep(0.1)
        await store.renew("a", [runs["kept"]])
    taken = await claim(store, "b")
    assert (taken.message.session_id, taken.attempts) == ("lost", 2)
    assert await store.claim("b") is None


async def test_a_run_goes_on_after_its_finished_stages(store: Store) -> None:
    await store.begin(message(), "o-1", OWNER)
    run = await claim(store)
    await store.record_stage(run, "first", {"value": None, "text": "ü"})
    await store.release("a")
    again = await claim(store, "b")
    assert again.stages == {"first": {"value": None, "text": "ü"}}
    assert (again.attempts, again.output_id) == (1, "o-1")


async def test_sessions_are_listed_newest_first_with_their_first_words(store: Store) -> None:
    for name in ("first", "second"):
        given = {"content": [{"type": "text", "text": f"\n {name} line \nmore"}]}
        await store.begin(message(name, **given), f"o-{name}", OWNER)
    await store.begin(message("first"), "o-3", OWNER)  # used again, and as old as before
    listed = await store.list_sessions(OWNER)
    assert [each["session_id"] for each in listed] == ["second", "first"]
    assert [each["metadata"]["title"] for each in listed] == ["second line", "first line"]
    assert all(isinstance(each["created_at"], float) for each in listed)


async def test_what_agents_remember_is_kept_as_it_was(store: Store) -> None:
    await store.begin(message(), "o-1", OWNER)
    stages = {"transcribed_1-a_from_0": {"segments": [{"text": "ü", "start": 0.5}], "next": None}}
    for context in ({"kept_stages": stages, "video_id": "v"}, {"a": {}, "b": None, "c": [1]}, {}):
        await store.save_context("s", context)
        assert await store.fetch_context("s") == context


async def test_an_output_that_ended_is_not_changed(store: Store) -> None:
    given = message()
    await store.begin(given, "o-1", OWNER)
    assert await store.fetch_output("s", "o-1") is None
    assert await store.save_output(output(given))
    ended = output(given, "success", "done")
    assert await store.save_output(ended)
    assert not await store.save_output(output(given))
    assert await store.fetch_output("s", "o-1") == ended
    assert await store.fetch_output("s", given.msg_id) is None
    assert not await store.save_output(output(message("gone")))
    session = await store.fetch_session("s", OWNER)
    assert session
    assert [each.get("status") for each in session["conversation"]] == [None, "success"]


async def test_outputs_that_changed_lately_are_listed(store: Store) -> None:
    for name in ("s", "t", "u"):
        given = message(name)
        await store.begin(given, "o-1", OWNER)
        assert await store.save_output(output(given))
    assert await store.list_changed(["s", "u", "gone"], 60) == [("s", "o-1"), ("u", "o-1")]
    await asyncio.sleep(0.05)
    assert await store.list_changed(["s", "u"], 0.04) == []
    assert await store.list_changed([], 60) == []


async def test_sessions_are_their_owners(store: Store) -> None:
    given, stranger = message(), str(uuid4())
    await store.begin(given, "o-1", OWNER)
    with pytest.raises(SessionNotFoundError):
        await store.begin(message(), "o-2", stranger)
    assert await store.fetch_session("s", stranger) is None
    assert not await store.is_owner("s", stranger)
    assert not await store.delete_session("s", stranger)
    assert await store.list_sessions(stranger) == []
    assert [each["session_id"] for each in await store.list_sessions(OWNER)] == ["s"]
    await store.save_context("s", {"video_id": "v"})
    assert await store.fetch_context("s") == {"video_id": "v"}
    assert await store.delete_session("s", OWNER)
    assert await store.fetch_context("s") == {}
    assert await store.claim("a") is None
