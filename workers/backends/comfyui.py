"""The back-end `comfyui`: graphs over HTTP, progress over its WebSocket.

See https://docs.comfy.org/development/comfyui-server/comms_routes.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from workers.backends.files import to_file
from workers.backends.http import Api, fail
from workers.backends.queued import QueuedBackend, Ticket
from workers.backends.untyped import items, table
from workers.backends.workflow import build_graph
from workers.errors import ProviderError
from workers.images import find_media_type
from workers.task import File, ImageTask, Phase, Result, Status


class ComfyUI(QueuedBackend[str]):
    """Queues a graph and fetches what its output nodes have saved."""

    kind = "comfyui"

    def __init__(self, api: Api, checkpoint: str, template: str | None) -> None:
        super().__init__(api)
        self._checkpoint = checkpoint
        self._template = template
        self._client_id = uuid4().hex
        self._progress: dict[str, float] = {}
        self._listener: asyncio.Task[None] | None = None

    async def start(self, task: ImageTask) -> str:
        self._listen()
        image = await self._upload(task.reference) if task.reference is not None else None
        graph = build_graph(task, self._checkpoint, self._template, image)
        body = {"prompt": graph, "client_id": self._client_id}
        answer = await self.api.call("POST", "/prompt", json=body)
        if answer.get("node_errors"):
            raise fail(f"ComfyUI refuses the graph: {json.dumps(answer['node_errors'])[:300]}")
        name = answer.get("prompt_id")
        if not isinstance(name, str):
            raise ProviderError("ComfyUI's answer has no prompt_id.")
        return name

    async def ask(self, ticket: Ticket[str]) -> Status:
        history = await self.api.call("GET", f"/history/{ticket.name}")
        entry = table(history.get(ticket.name))
        if not entry:
            share = self._progress.get(ticket.name)
            return Status(Phase.QUEUED if share is None else Phase.RUNNING, share)
        ticket.answer = entry
        status = table(ticket.answer.get("status"))
        if status.get("status_str") == "error":
            raise fail(_find_error(status))
        is_done = status.get("completed", True) is True
        return Status(Phase.DONE if is_done else Phase.RUNNING, 1.0 if is_done else None)

    async def collect(self, ticket: Ticket[str]) -> Result:
        self._progress.pop(ticket.name, None)
        found = _list_files(ticket.answer.get("outputs"))
        if not found:
            raise ProviderError("The graph has saved no file.")
        files: list[File] = []
        for named in found:
            content = await self.api.read("GET", f"/view?{urlencode(named)}")
            files.append(await to_file(content, ticket.task))
        return Result(self._checkpoint or self.kind, tuple(files))

    async def stop(self, ticket: Ticket[str]) -> None:
        self._progress.pop(ticket.name, None)
        await self.api.read("POST", "/queue", json={"delete": [ticket.name]})
        await self.api.read("POST", "/interrupt", json={"prompt_id": ticket.name})

    async def list_models(self) -> tuple[str, ...]:
        await self.api.call("GET", "/system_stats")
        return (self._checkpoint,) if self._checkpoint else ()

    async def close(self) -> None:
        if self._listener:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        await super().close()

    async def _upload(self, reference: bytes) -> str:
        kind = (find_media_type(reference) or "image/png").partition("/")[2]
        files = {"image": (f"{uuid4().hex}.{kind}", reference, f"image/{kind}")}
        fields = {"type": "input", "overwrite": "true"}
        answer = await self.api.call("POST", "/upload/image", files=files, data=fields)
        folder = answer.get("subfolder")
        return f"{folder}/{answer.get('name')}" if folder else str(answer.get("name"))

    def _listen(self) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        """Keep the progress that the WebSocket reports; without it, only the end is known."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        url = f"ws{self.api.base_url.removeprefix('http')}/ws?clientId={self._client_id}"
        with suppress(OSError, WebSocketException, TimeoutError):
            async with connect(url, max_size=8 << 20) as socket:
                async for message in socket:
                    if isinstance(message, str):
                        self._note(message)

    def _note(self, message: str) -> None:
        try:
            event: Any = json.loads(message)
            data: Any = event["data"]
            name = data["prompt_id"]
            share = data["value"] / data["max"] if event["type"] == "progress" else 0.0
        except (ValueError, KeyError, TypeError, ZeroDivisionError):
            return
        known = any(ticket.name == name for ticket in self.tickets.values())
        if known and isinstance(name, str):
            self._progress[name] = max(self._progress.get(name, 0.0), min(share, 1.0))


def _find_error(status: dict[str, Any]) -> str:
    for message in items(status.get("messages")):
        entry = items(message)
        if len(entry) == 2 and entry[0] == "execution_error":
            details = table(entry[1])
            return f"{details.get('node_type')}: {details.get('exception_message')}"
    return "ComfyUI reports an error without a message."


def _list_files(outputs: Any) -> list[dict[str, str]]:
    """Return filename, subfolder and type of all saved files, in the order of the nodes."""
    found: list[dict[str, str]] = []
    for node in table(outputs).values():
        for kind in ("images", "gifs", "videos"):
            for entry in items(table(node).get(kind)):
                named = table(entry)
                if named.get("type") != "temp" and "filename" in named:
                    fields = ("filename", "subfolder", "type")
                    found.append({name: str(named.get(name) or "") for name in fields})
    return found
