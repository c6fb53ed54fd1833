"""The back-end `replicate`: predictions. See https://replicate.com/docs/reference/http."""

from typing import Any, Final

from workers.backends.files import encode, to_file
from workers.backends.http import Api, fail
from workers.backends.queued import QueuedBackend, Ticket
from workers.backends.untyped import items
from workers.errors import ProviderError
from workers.images import find_media_type
from workers.task import File, ImageTask, Phase, Result, Status

_PHASES: Final = {
    "starting": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "succeeded": Phase.DONE,
    "canceled": Phase.CANCELLED,
    "aborted": Phase.CANCELLED,
}


class Replicate(QueuedBackend[str]):
    """Runs a version of a model, or an official model by its name."""

    kind = "replicate"

    def __init__(self, api: Api, model: str, *, allows_private: bool) -> None:
        super().__init__(api)
        self._model = model
        self._allows_private = allows_private

    async def start(self, task: ImageTask) -> str:
        given: dict[str, Any] = {
            "prompt": task.prompt,
            "negative_prompt": task.negative_prompt,
            "width": task.width // 8 * 8,
            "height": task.height // 8 * 8,
            "steps": task.steps,
            "guidance": task.guidance,
            "seed": task.seed % (1 << 31),
        }
        if task.count > 1:
            given["num_outputs"] = task.count
        if task.reference is not None:
            kind = find_media_type(task.reference) or "image/png"
            given["image"] = f"data:{kind};base64,{encode(task.reference)}"
            given["prompt_strength"] = task.denoise
        name, _, version = self._model.partition(":")
        path = "/v1/predictions" if version else f"/v1/models/{name}/predictions"
        body = {"input": given, **({"version": version} if version else {})}
        answer = await self.api.call("POST", path, json=body)
        if not isinstance(answer.get("id"), str):
            raise ProviderError("Replicate's answer has no id.")
        return answer["id"]

    async def ask(self, ticket: Ticket[str]) -> Status:
        ticket.answer = await self.api.call("GET", f"/v1/predictions/{ticket.name}")
        status = str(ticket.answer.get("status"))
        if status == "failed":
            raise fail(ticket.answer.get("error") or "The prediction failed.")
        return Status(_PHASES.get(status, Phase.RUNNING))

    async def collect(self, ticket: Ticket[str]) -> Result:
        output: Any = ticket.answer.get("output")
        given = items(output) or [output]
        files: list[File] = []
        for index, url in enumerate(given):
            if not isinstance(url, str):
                raise ProviderError("The prediction has no output.")
            content = await self.api.download(url, allows_private=self._allows_private)
            files.append(await to_file(content, ticket.task, ticket.task.seed + index))
        return Result(self._model.partition(":")[0], tuple(files))

    async def stop(self, ticket: Ticket[str]) -> None:
        await self.api.read("POST", f"/v1/predictions/{ticket.name}/cancel")

    async def list_models(self) -> tuple[str, ...]:
        await self.api.call("GET", "/v1/account")
        return (self._model,)
