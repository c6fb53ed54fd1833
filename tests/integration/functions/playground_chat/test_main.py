"""Chatting through HTTP, on the whole stack."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.chat_worker import ChatWorker, make_healthy, registered_chat_worker
from tests.support.media_users import MediaUser, create_media_user
from tests.support.paths import ROOT
from tests.support.served_function import serve
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

SLUG = "playground-chat"


@pytest.fixture(scope="module")
def _worker(_stack: RunningStack) -> Iterator[ChatWorker]:
    with registered_chat_worker(_stack) as worker:
        yield worker


@pytest.fixture
def worker(stack: RunningStack, _worker: ChatWorker) -> ChatWorker:
    _worker.reply("warm up")
    user = create_media_user(stack)
    chat = add_conversation(user)
    wait_for(
        lambda: make_healthy(stack, _worker) and say(user, chat).json().get("response") == "warm up"
    )
    _worker.reply("Try a fox at dusk.")
    _worker.requests.clear()
    return _worker


@pytest.fixture
def user(stack: RunningStack) -> MediaUser:
    return create_media_user(stack)


def add(user: MediaUser, table: str, **values: Any) -> str:
    columns = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    with psycopg.connect(user.stack.dsn) as connection:
        row = connection.execute(
            f"insert into {table} ({columns}) values ({marks}) returning id::text",  # type: ignore[arg-type]
            list(values.values()),
        ).fetchone()
    assert row
    return row[0]


def add_conversation(user: MediaUser, **values: Any) -> str:
    return add(user, "conversations", user_id=user.id, **values)


def say(
    user: MediaUser, conversation: str, message: str = "What shall I draw?", **more: Any
) -> httpx.Response:
    return user.call(SLUG, {"conversation_id": conversation, "message": message, **more})


def messages(user: MediaUser, conversation: str) -> list[tuple[str, str]]:
    query = "select sender, content from messages where conversation_id = %s order by created_at"
    return user.rows(query, conversation)


def test_a_message_is_answered_and_both_are_stored(user: MediaUser, worker: ChatWorker) -> None:
    chat = add_conversation(user)

    answer = say(user, chat)

    body = answer.json()
    assert answer.status_code == 200
    assert (body["success"], body["response"]) == (True, "Try a fox at dusk.")
    assert (body["context_type"], body["content_tier"]) == ("general", "sfw")
    assert (body["model_used"], body["model_origin"]) == ("m-1", "worker")
    assert body["template_meta"]["template_key"] == "chat_general"
    assert messages(user, chat) == [
        ("user", "What shall I draw?"),
        ("assistant", "Try a fox at dusk."),
    ]
    assert worker.requests[0]["path"] == "/chat"
    assert worker.requests[0]["conversation_id"] == chat


def test_the_last_twelve_messages_are_remembered(user: MediaUser, worker: ChatWorker) -> None:
    chat = add_conversation(user)
    for number in range(15):
        sender = "assistant" if number % 2 else "user"
        add(user, "messages", conversation_id=chat, sender=sender, content=f"m{number}")

    say(user, chat, "now")

    sent = worker.requests[0]["messages"]
    assert [message["content"] for message in sent[1:]] == [f"m{n}" for n in range(3, 15)] + ["now"]
    assert sent[1]["role"] == "assistant"


def test_a_character_speaks(user: MediaUser, worker: ChatWorker) -> None:
    character = add(
        user, "characters", user_id=user.id, name="Mira", description="A lighthouse keeper.",
        traits="patient", is_public=False,
    )  # fmt: skip
    chat = add_conversation(user, character_id=character)
    worker.reply("Mira: The light is on. 😀\nUser: Thank you!")

    settings = {"responseStyle": "immersive", "responseLength": "short"}
    body = say(user, chat, "Good evening", roleplay_settings=settings).json()

    assert body["response"] == "The light is on."
    assert body["context_type"] == "character_roleplay"
    assert body["template_meta"]["character_name"] == "Mira"
    assert body["enforcement_diagnostics"]["format"] == "cleaned"
    request = worker.requests[0]
    system = request["messages"][0]["content"]
    assert system.startswith("You are Mira. A lighthouse keeper.\nPersonality: patient\n")
    assert "Goals:" not in system
    assert "one or two sentences" in system
    assert request["max_tokens"] == 120
    count = "select interaction_count from characters where id = %s"
    assert user.rows(count, character) == [(1,)]


def test_project_participants_and_length(user: MediaUser, worker: ChatWorker) -> None:
    project = add(user, "projects", user_id=user.id, title="Harbour", description="An old port.")
    chat = add_conversation(user, conversation_type="roleplay")
    people = [{"name": "Tom", "description": "a sailor"}]

    say(user, chat, "Hello", project_id=project, participants=people, long_response=True)

    request = worker.requests[0]
    assert "An old port." in request["messages"][0]["content"]
    assert "Also present: Tom. a sailor" in request["messages"][0]["content"]
    assert request["max_tokens"] == 2000


def test_safe_is_honoured_and_the_default(user: MediaUser, worker: ChatWorker) -> None:
    chat = add_conversation(user)
    for tier in ({}, {"content_tier": "sfw"}, {"content_tier": "nsfw"}):
        assert say(user, chat, **tier).json()["content_tier"] == "sfw"
    assert all(request["sfw_mode"] is True for request in worker.requests)


def read_events(answer: httpx.Response) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [(e.removeprefix("event: "), json.loads(d.removeprefix("data: "))) for e, d in blocks]


def test_an_answer_is_streamed_when_asked_for(user: MediaUser, worker: ChatWorker) -> None:
    chat = add_conversation(user)
    worker.reply("One. Two. Three.")
    with user.stack.client(user.token) as client:
        answer = client.post(
            f"/functions/v1/{SLUG}",
            json={"conversation_id": chat, "message": "Count"},
            headers={"accept": "text/event-stream"},
        )

    events = read_events(answer)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in events] == ["delta", "delta", "delta", "done"]
    assert "".join(data["text"] for name, data in events if name == "delta") == "One. Two. Three."
    assert events[-1][1]["response"] == "One. Two. Three."
    assert messages(user, chat)[-1] == ("assistant", "One. Two. Three.")


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (500, {"success": False, "error": "CUDA"}, "WORKER_FAILED"),
        (200, {"success": False}, "WORKER_FAILED"),
        (200, {"success": True, "response": ""}, "WORKER_FAILED"),
        (404, {}, "WORKER_FAILED"),
        (302, {}, "WORKER_FAILED"),
        (200, b"<html>not a worker</html>", "WORKER_FAILED"),
        (200, b'{"success": true, "response": "ha', "WORKER_FAILED"),
        (200, b"[]", "WORKER_FAILED"),
        (200, {"success": True, "response": 3}, "WORKER_FAILED"),
        (200, {"success": True, "response": "x" * (2 << 20)}, "WORKER_FAILED"),
    ],
)
def test_a_failing_worker_is_said_so_and_nothing_is_stored(
    user: MediaUser, worker: ChatWorker, status: int, answer: dict[str, Any] | bytes, expected: str
) -> None:
    chat = add_conversation(user)
    worker.status, worker.answer = status, answer

    reply = say(user, chat)

    assert (reply.status_code, reply.json()["code"]) == (502, expected)
    assert messages(user, chat) == []


def test_a_worker_that_hangs_up_in_its_answer_is_said_so(
    user: MediaUser, worker: ChatWorker
) -> None:
    chat = add_conversation(user)
    worker.reply("Half of it")
    worker.missing = 10

    reply = say(user, chat)

    assert (reply.status_code, reply.json()["code"]) == (502, "WORKER_FAILED")
    assert messages(user, chat) == []


def test_a_worker_that_answers_late_is_504_and_nothing_is_stored(
    stack: RunningStack, user: MediaUser, worker: ChatWorker, tmp_path: Path
) -> None:
    chat = add_conversation(user)
    worker.reply("Too late")
    worker.late = Event()
    environment = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "CHAT_WORKER_TIMEOUT_SECONDS": "1.5",
    }
    try:
        with serve(ROOT / "functions/playground_chat", tmp_path / "log", environment) as served:
            body = {"conversation_id": chat, "message": "What shall I draw?"}
            headers = {"apikey": stack.anon_key, "authorization": f"Bearer {user.token}"}
            reply = served.client.post("/", json=body, headers=headers)
    finally:
        worker.late.set()
        worker.late = None

    assert (reply.status_code, reply.json()["code"]) == (504, "WORKER_TIMEOUT")
    assert messages(user, chat) == []


def test_another_users_everything_is_not_found(
    stack: RunningStack, user: MediaUser, worker: ChatWorker
) -> None:
    other = create_media_user(stack)
    chat, own = add_conversation(other), add_conversation(user)
    character = add(user, "characters", user_id=other.id, name="Secret", is_public=False)
    project = add(user, "projects", user_id=other.id, title="Secret")

    codes = [
        say(user, chat),
        say(user, str(uuid4())),
        say(user, own, character_id=character),
        say(user, own, project_id=project),
    ]

    assert [answer.status_code for answer in codes] == [404] * 4
    assert [answer.json()["code"].split("_")[0] for answer in codes] == [
        "CONVERSATION", "CONVERSATION", "CHARACTER", "PROJECT",
    ]  # fmt: skip
    assert worker.requests == []
    assert messages(other, chat) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "Hello"},
        {"conversation_id": "1", "message": "Hello"},
        {"conversation_id": str(uuid4())},
        {"conversation_id": str(uuid4()), "message": " \n"},
        {"conversation_id": str(uuid4()), "message": "a" * 100_000},
        {"conversation_id": str(uuid4()), "message": "a", "roleplay_settings": []},
        {"conversation_id": str(uuid4()), "message": "a", "participants": "Tom"},
        {"conversation_id": str(uuid4()), "message": "a", "long_response": "yes"},
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused(user: MediaUser, body: object) -> None:
    answer = user.call(SLUG, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_BODY")


def test_only_users_may_chat(stack: RunningStack) -> None:
    body = {"conversation_id": str(uuid4()), "message": "a"}

    assert stack.call(SLUG, body, stack.anon_key).status_code == 401
    assert stack.call(SLUG, body).status_code == 403


def test_without_a_worker_the_local_engine_answers_labelled(
    stack: RunningStack, user: MediaUser, worker: ChatWorker
) -> None:
    chat = add_conversation(user)
    switch = "update workers set enabled = %s where base_url = %s"
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(switch, (False, worker.url))
        try:
            wait_for(lambda: say(user, chat).json().get("model_used") == "local-extractive", 10)
        finally:
            connection.execute(switch, (True, worker.url))
            wait_for(lambda: say(user, chat).json().get("model_used") == "m-1", 10)
