"""What a guard lets through: names of this machine, its own pages, the secret key."""

from typing import Any

import pytest

from edge.gateway.guard import Guard, Secret, is_control
from edge.tokens import Keys, mint, mint_api_key

SECRET = "a-secret-for-tests-of-at-least-32-characters"
SERVICE = f"Bearer {mint_api_key(SECRET, 'service_role')}"
OPEN = {"host": "localhost:54321", "authorization": SERVICE}


async def ask(guard_options: dict[str, Any], headers: dict[str, str], path: str = "/") -> int:
    statuses: list[int] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def receive() -> Any:
        return {"type": "http.request"}

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await Guard(app, **guard_options)({"path": path, "headers": raw}, receive, send)
    return statuses[0]


GUARDED = {"secret": Secret("the.service.token", Keys(SECRET)), "hosts": frozenset(("mine.lan",))}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:54321",
        "127.0.0.1:54321",
        "127.9.9.9",
        "[::1]:54321",
        "192.168.1.7:54321",
        "app.localhost",
        "localhost.",
        "host.docker.internal:54321",
        "mine.lan",
    ],
)
async def test_a_name_of_this_machine_is_answered(host: str) -> None:
    assert await ask(GUARDED, OPEN | {"host": host}) == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:54321",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
        "evillocalhost",
        "127.0.0.1:54321@evil.example",
        "127.1",
        "[::1",
    ],
)
async def test_a_rebound_name_is_not(host: str) -> None:
    assert await ask(GUARDED, OPEN | {"host": host}) == 403


@pytest.mark.parametrize(
    "origin", ["http://localhost:54321", "http://127.0.0.1:3000", "http://[::1]", "http://mine.lan"]
)
async def test_a_page_of_this_machine_is_answered(origin: str) -> None:
    assert await ask(GUARDED, OPEN | {"origin": origin}) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://192.168.1.66",
        "chrome-extension://abc",
        "http://localhost@evil.example",
        "localhost",
        "ö://",
    ],
)
async def test_a_page_of_another_site_is_not(origin: str) -> None:
    assert await ask(GUARDED, OPEN | {"origin": origin}) == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer the.service.token",
        SERVICE,
        "bearer " + SERVICE[7:],
        f"Bearer {mint(SECRET, 'service_role')}",
    ],
)
async def test_the_secret_key_opens(authorization: str) -> None:
    assert await ask(GUARDED, OPEN | {"authorization": authorization}) == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ÿþ",
        "Basic dXNlcjp4",
        f"Bearer {mint_api_key(SECRET, 'anon')}",
        f"Bearer {mint(SECRET, 'authenticated')}",
        f"Bearer {mint(SECRET, 'service_role', exp=1)}",
        f"Bearer {mint_api_key(SECRET[::-1], 'service_role')}",
    ],
)
async def test_any_other_key_does_not(authorization: str) -> None:
    assert await ask(GUARDED, OPEN | {"authorization": authorization}) == 401


async def test_pages_need_no_key_but_a_name_of_this_machine() -> None:
    assert await ask({}, {"host": "localhost"}) == 200
    assert await ask({}, {"host": "evil.example"}) == 403


@pytest.mark.parametrize(
    ("path", "is_guarded"),
    [
        ("/_faults", True),
        ("/retell/_control", True),
        ("/retell/_requests/", True),
        ("/openai/v1/embeddings", False),
        ("/retell/v2/get-call/call_1", False),
    ],
)
async def test_only_controls_of_providers_are_guarded(path: str, is_guarded: bool) -> None:
    status = await ask(GUARDED | {"applies": is_control}, {"host": "evil.example"}, path)

    assert status == (403 if is_guarded else 200)
