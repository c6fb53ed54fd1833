"""A small project whose requests are recorded, and its stack, started and stopped in a thread."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from edge.project.settings import load_settings
from edge.stack import Stack
from tests.support.made_database import give_database
from tests.support.serving import LoopThread
from tests.support.waiting import PATIENCE, wait_for

_FILES = {
    "supabase/migrations/20260101000000_create_notes.sql": """\
create table notes (id text primary key, owner uuid default auth.uid());
alter table notes enable row level security;
create policy own on notes for all to authenticated using (owner = auth.uid());
grant all on notes to anon, authenticated, service_role;
""",
    "functions/echo/main.py": '''\
"""Return the body, and print a line."""

from starlette.responses import Response


async def main(request):
    body = await request.body()
    print("echo of", len(body), "bytes")
    return Response(body, media_type=request.headers.get("content-type", "text/plain"))
''',
    "functions/picky/main.py": '''\
"""Fail unless the body has a positive number."""

import json

from starlette.responses import JSONResponse


async def main(request):
    value = (await request.json())["value"]
    print(json.dumps({"request_id": request.headers["sb-request-id"], "function": "picky",
                      "duration_ms": 3, "status": 200, "stages": {
                          "read": {"status": "success", "duration_ms": 1},
                          "check": {"status": "error" if value < 0 else "success",
                                    "duration_ms": 2}}}))
    if value < 0:
        return JSONResponse({"code": "NEGATIVE", "message": f"{value} is negative"}, 422)
    return {"value": value, "caller": request.headers.get("authorization", "")[:10]}
''',
    "functions/broken/main.py": '''\
"""Raise, always."""


async def main(request):
    print("about to fail")
    raise ZeroDivisionError("the denominator is 0")
''',
    "functions/again/main.py": '''\
"""Answer each body at once the first time, and the next time never, unless it is quick."""

import asyncio

_SEEN = set()


async def main(request):
    body = await request.body()
    while body in _SEEN and b"quick" not in body and not await request.is_disconnected():
        await asyncio.sleep(0.05)
    _SEEN.add(body)
    return {"body": body.decode()}
''',
    "functions/talk/main.py": '''\
"""Answer each message twice, until one says bye."""


async def main(request):
    return {}


async def websocket(socket):
    await socket.accept()
    while (text := await socket.receive_text()) != "bye":
        print("heard", text)
        await socket.send_text(text)
        await socket.send_text(text)
    await socket.close(4001)
''',
    "functions/cut/main.py": '''\
"""Begin an answer, and fail."""

from starlette.responses import StreamingResponse


async def main(request):
    async def body():
        yield b"begun"
        raise ZeroDivisionError("the denominator is 0")

    return StreamingResponse(body())
''',
    "functions/chain/main.py": '''\
"""Ask the data API and a provider, with plain httpx."""

import os

import httpx

API = os.environ["SUPABASE_URL"]
KEY = os.environ["SUPABASE_SERVICE_ROLE_KEY"]


async def main(request):
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=API, headers=headers) as client:
        rows = (await client.get("/rest/v1/notes?select=id")).json()
        answer = await client.post("/providers/openai/v1/chat/completions", json={
            "model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]})
    return {"rows": len(rows), "status": answer.status_code}
''',
    "functions/later/main.py": '''\
"""Answer at once, and ask the data API afterwards."""

import asyncio
import os

import httpx

API = os.environ["SUPABASE_URL"]
KEY = os.environ["SUPABASE_SERVICE_ROLE_KEY"]
_TASKS = set()


async def main(request):
    _TASKS.add(asyncio.create_task(work()))
    return {}


async def work():
    await asyncio.sleep(0.05)
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=API, headers=headers) as client:
        await client.get("/rest/v1/notes?select=owner")
''',
    "functions/echo/function.toml": "verify_jwt = false\n",
    "functions/broken/function.toml": "verify_jwt = false\n",
    "functions/models/main.py": '''\
"""Ask OpenAI for two models, and Anthropic for a stream."""

import asyncio
import os

import httpx

API = os.environ["SUPABASE_URL"]
KEY = os.environ["SUPABASE_SERVICE_ROLE_KEY"]
_SAY = [{"role": "user", "content": "Say hello."}]
_CHAT = "/providers/openai/v1/chat/completions"
_MESSAGES = "/providers/anthropic/v1/messages"


async def main(request):
    headers = {"x-api-key": KEY, "authorization": f"Bearer {KEY}",
               "anthropic-version": "2023-06-01"}
    async with httpx.AsyncClient(base_url=API, headers=headers) as client:
        answers = await asyncio.gather(
            client.post(_CHAT, json={"model": "gpt-4o-mini", "messages": _SAY}),
            client.post(_CHAT, json={"model": "house-model", "messages": _SAY}),
            client.post(_MESSAGES, json={
                "model": "claude-x-1", "messages": _SAY, "max_tokens": 50, "stream": True}))
    return {"statuses": [answer.status_code for answer in answers]}
''',
    "edge.toml": """\
[recording]
redact = ["iban"]

[recording.prices]
"gpt-4o-mini" = { input = 0.15, output = 0.6, cached = 0.075 }
"claude-*" = { input = 3.0, output = 15.0 }
""",
}
SERVICE = "service_role"


def create_recorded_project(folder: Path) -> Path:
    """Write the project's files."""
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@dataclass(frozen=True, slots=True)
class RecordedStack:
    """A client of the running stack and of its console's API."""

    stack: Stack
    client: httpx.Client
    api: httpx.Client

    @property
    def dsn(self) -> str:
        """Of its Postgres, as its owner."""
        return self.stack.cluster.dsn()

    def call(self, slug: str, key: str | None = None, **options: Any) -> httpx.Response:
        """POST to a function, as service_role by default."""
        key = self.stack.settings.service_role_key if key is None else key
        headers = {"authorization": f"Bearer {key}"} if key else {}
        headers |= options.pop("headers", {})
        return self.client.post(f"/functions/v1/{slug}", headers=headers, **options)

    def show(self, request_id: str) -> dict[str, Any]:
        """Return a request once it is stored."""

        def find() -> dict[str, Any] | None:
            found = self.api.get(f"/requests/{request_id}")
            return found.json() if found.status_code == 200 else None

        found = wait_for(find)
        assert found
        return found

    def list(self, path: str = "/requests", **parameters: Any) -> list[dict[str, Any]]:
        """Return the first page of a list."""
        answer = self.api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextmanager
def running_stack(folder: Path, **changes: Any) -> Generator[RecordedStack]:
    """Run the stack of a project in `folder`."""
    give_database(folder)
    settings = load_settings(
        folder, port=0, db_port=0, environ={n: os.environ[n] for n in ("PATH",) if n in os.environ}
    )
    stack = Stack(settings, lambda _: None, reload=False, durable=False, scheduled=False, **changes)
    thread = LoopThread()
    thread.run(stack.start())
    url = stack.settings.api_url
    headers = {"authorization": f"Bearer {stack.console.token}"}
    try:
        with (
            httpx.Client(base_url=url, timeout=PATIENCE) as client,
            httpx.Client(base_url=f"{url}/console/api", headers=headers, timeout=PATIENCE) as api,
        ):
            yield RecordedStack(stack, client, api)
    finally:
        thread.run(stack.close())
        thread.close()
