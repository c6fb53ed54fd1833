"""The back-end `runpod`: a serverless endpoint with worker-comfyui.

See https://docs.runpod.io/serverless/endpoints/send-requests and
https://github.com/runpod-workers/worker-comfyui.
"""

from typing import Any, Final

from workers.backends.files import decode, encode, to_file
from workers.backends.http import Api, fail
from workers.backends.queued import QueuedBackend, Ticket
from workers.backends.untyped import items, table
from workers.backends.workflow import build_graph
from workers.errors import ProviderError
from workers.task import File, ImageTask, Phase, Result, Status

_PHASES: Final = {
    "IN_QUEUE": Phase.QUEUED,
    "IN_PROGRESS": Phase.RUNNING,
    "COMPLETED": Phase.DONE,
    "CANCELLED": Phase.CANCELLED,
}
_REFERENCE: Final = "reference.png"


class RunPod(QueuedBackend[str]):
    """Runs a graph at an endpoint."""

    kind = "runpod"

    def __init__(
        self, api: Api, checkpoint: str, template: str | None, *, allows_private: bool
    ) -> None:
        super().__init__(api)
        self._checkpoint = checkpoint
        self._template = template
        self._allows_private = allows_private

    async def start(self, task: ImageTask) -> str:
        image = _REFERENCE if task.reference is not None else None
        given: dict[str, Any] = {
            "workflow": build_graph(task, self._checkpoint, self._template, image)
        }
        if task.reference is not None:
            given["images"] = [{"name": _REFERENCE, "image": encode(task.reference)}]
        answer = await self.api.call("POST", "/run", json={"input": given})
        name = answer.get("id")
        if not isinstance(name, str):
            raise ProviderError("RunPod's answer has no id.")
        return name

    async def ask(self, ticket: Ticket[str]) -> Status:
        ticket.answer = await self.api.call("GET", f"/status/{ticket.name}")
        status = str(ticket.answer.get("status"))
        if status in ("FAILED", "TIMED_OUT"):
            raise fail(ticket.answer.get("error") or f"RunPod reports {status}.")
        return Status(_PHASES.get(status, Phase.RUNNING))

    async def collect(self, ticket: Ticket[str]) -> Result:
        output: Any = ticket.answer.get("output")
        named = table(output) or {"images": output}
        if named.get("error"):
            raise fail(named["error"])
        given = items(named.get("images"))
        if not given:
            raise ProviderError("RunPod has made no image.")
        files: list[File] = []
        for entry in given:
            content = await self._read(entry)
            files.append(await to_file(content, ticket.task))
        return Result(self._checkpoint or self.kind, tuple(files))

    async def stop(self, ticket: Ticket[str]) -> None:
        await self.api.read("POST", f"/cancel/{ticket.name}")

    async def list_models(self) -> tuple[str, ...]:
        await self.api.call("GET", "/health")
        return (self._checkpoint,) if self._checkpoint else ()

    async def _read(self, entry: Any) -> bytes:
        text: Any = table(entry).get("data", entry)
        if isinstance(text, str) and text.startswith(("https://", "http://")):
            return await self.api.download(text, allows_private=self._allows_private)
        return decode(text)
