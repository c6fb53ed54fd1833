"""The back-end `openai-images`: OpenAI, LocalAI and other servers of /images/generations.

See https://platform.openai.com/docs/api-reference/images.
"""

from collections.abc import Mapping
from typing import Any, Final

from workers.backends.blocking import BlockingBackend
from workers.backends.files import decode, to_file
from workers.backends.http import Api
from workers.backends.untyped import items, names, table
from workers.errors import BadTaskError, ProviderError
from workers.task import ChatTask, File, ImageTask, Result, Task

_GPT_SIZES: Final = ((1024, 1024), (1536, 1024), (1024, 1536))
_SECONDS: Final = 300.0


class OpenAIImages(BlockingBackend):
    """Asks for images; a reference makes it an edit."""

    kind = "openai-images"

    def __init__(self, api: Api, model: str, *, allows_private: bool) -> None:
        super().__init__(api)
        self._model = model
        self._allows_private = allows_private

    async def make(self, task: Task) -> Result:
        if isinstance(task, ChatTask):
            raise BadTaskError("openai-images does not answer messages.")
        files: list[File] = []
        at_once = 1 if self._model == "dall-e-3" else task.count
        while len(files) < task.count:
            answer = await self._ask(task, min(at_once, task.count - len(files)))
            found = await self._read(answer, task)
            if not found:
                raise ProviderError("The provider has made no image.")
            files += found
        return Result(self._model, tuple(files[: task.count]))

    async def list_models(self) -> tuple[str, ...]:
        answer = await self.api.call("GET", "/models")
        return names(answer.get("data"), "id") or (self._model,)

    async def _ask(self, task: ImageTask, count: int) -> dict[str, Any]:
        is_gpt = self._model.startswith("gpt-image")
        body: dict[str, Any] = {
            "model": self._model,
            "prompt": task.prompt,
            "n": count,
            "size": _size(task, is_gpt=is_gpt),
        }
        if not is_gpt:
            body["response_format"] = "b64_json"
        if task.reference is None:
            return await self.api.call("POST", "/images/generations", json=body)
        fields = {name: str(value) for name, value in body.items()}
        files = {"image": ("reference.png", task.reference, "image/png")}
        return await self.api.call("POST", "/images/edits", data=fields, files=files)

    async def _read(self, answer: Mapping[str, Any], task: ImageTask) -> list[File]:
        files: list[File] = []
        for entry in items(answer.get("data")):
            named = table(entry)
            if named.get("b64_json"):
                content = decode(named["b64_json"])
            else:
                url = str(named.get("url") or "")
                content = await self.api.download(url, allows_private=self._allows_private)
            files.append(await to_file(content, task))
        return files


def _size(task: ImageTask, *, is_gpt: bool) -> str:
    """Return the size; GPT models have three, of which the nearest in shape is taken."""
    wide, high = task.width, task.height
    if is_gpt:
        wide, high = min(_GPT_SIZES, key=lambda size: abs(size[0] / size[1] - wide / high))
    return f"{wide}x{high}"
