"""The back-end `fal`: models behind fal's queue. See https://docs.fal.ai/model-endpoints/queue."""

from typing import Any, Final

from workers.backends.files import encode, to_file
from workers.backends.http import Api, fail
from workers.backends.queued import QueuedBackend, Ticket
from workers.backends.untyped import items, table
from workers.errors import ProviderError
from workers.images import find_media_type
from workers.task import File, ImageTask, Phase, Result, Status

_PHASES: Final = {
    "IN_QUEUE": Phase.QUEUED,
    "IN_PROGRESS": Phase.RUNNING,
    "COMPLETED": Phase.DONE,
}


class Fal(QueuedBackend[str]):
    """Queues a request of one model."""

    kind = "fal"

    def __init__(self, api: Api, model: str, *, allows_private: bool) -> None:
        super().__init__(api)
        self._model = model
        self._allows_private = allows_private

    async def start(self, task: ImageTask) -> str:
        body: dict[str, Any] = {
            "prompt": task.prompt,
            "negative_prompt": task.negative_prompt,
            "image_size": {"width": task.width, "height": task.height},
            "num_images": task.count,
            "num_inference_steps": task.steps,
            "guidance_scale": task.guidance,
            "seed": task.seed,
        }
        if task.reference is not None:
            kind = find_media_type(task.reference) or "image/png"
            body["image_url"] = f"data:{kind};base64,{encode(task.reference)}"
            body["strength"] = task.denoise
        answer = await self.api.call("POST", f"/{self._model}", json=body)
        name = answer.get("request_id")
        if not isinstance(name, str):
            raise ProviderError("fal's answer has no request_id.")
        return name

    async def ask(self, ticket: Ticket[str]) -> Status:
        answer = await self.api.call("GET", f"{self._path(ticket)}/status")
        if answer.get("error"):
            raise fail(answer["error"])
        return Status(_PHASES.get(str(answer.get("status")), Phase.RUNNING))

    async def collect(self, ticket: Ticket[str]) -> Result:
        answer = await self.api.call("GET", self._path(ticket))
        entries: Any = answer.get("images") or answer.get("image") or answer.get("video")
        given = items(entries) or [entries]
        seed = answer.get("seed")
        files: list[File] = []
        for index, entry in enumerate(given):
            url: Any = table(entry).get("url", entry)
            if not isinstance(url, str):
                raise ProviderError("fal has made no file.")
            content = await self.api.download(url, allows_private=self._allows_private)
            first = seed if isinstance(seed, int) else ticket.task.seed
            files.append(await to_file(content, ticket.task, first + index))
        return Result(self._model, tuple(files))

    async def stop(self, ticket: Ticket[str]) -> None:
        await self.api.read("PUT", f"{self._path(ticket)}/cancel")

    async def list_models(self) -> tuple[str, ...]:
        return (self._model,)

    def _path(self, ticket: Ticket[str]) -> str:
        """Return the request's path; a model's sub-path is no part of it."""
        owner_and_name = "/".join(self._model.split("/")[:2])
        return f"/{owner_and_name}/requests/{ticket.name}"
