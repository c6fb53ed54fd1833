"""The back-end `automatic1111`: A1111, Forge and SD.Next.

See https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API.
"""

import json
from typing import Any

from workers.backends.blocking import BlockingBackend
from workers.backends.files import decode, encode, to_file
from workers.backends.http import Api
from workers.backends.untyped import items, names, table
from workers.errors import BadTaskError, ProviderError, WorkError
from workers.task import ChatTask, File, ImageTask, Result, Task


class Automatic1111(BlockingBackend):
    """Draws by txt2img and img2img."""

    kind = "automatic1111"

    def __init__(self, api: Api, checkpoint: str = "") -> None:
        super().__init__(api)
        self._checkpoint = checkpoint

    async def make(self, task: Task) -> Result:
        if isinstance(task, ChatTask):
            raise BadTaskError("automatic1111 does not answer messages.")
        body: dict[str, Any] = {
            "prompt": task.prompt,
            "negative_prompt": task.negative_prompt,
            "seed": task.seed % (1 << 32),
            "steps": task.steps,
            "cfg_scale": task.guidance,
            "width": task.width,
            "height": task.height,
            "batch_size": task.count,
            "n_iter": 1,
        }
        if checkpoint := task.model or self._checkpoint:
            body["override_settings"] = {"sd_model_checkpoint": checkpoint}
        path = "txt2img"
        if task.reference is not None:
            path = "img2img"
            body["init_images"] = [encode(task.reference)]
            body["denoising_strength"] = task.denoise
        answer = await self.api.call("POST", f"/sdapi/v1/{path}", json=body)
        return await self._read(answer, task)

    async def progress(self) -> float | None:
        try:
            answer = await self.api.call("GET", "/sdapi/v1/progress?skip_current_image=true")
        except WorkError:
            return None
        share = answer.get("progress")
        return min(max(float(share), 0.0), 1.0) if isinstance(share, int | float) else None

    async def interrupt(self) -> None:
        try:
            await self.api.read("POST", "/sdapi/v1/interrupt")
        except WorkError:
            return

    async def list_models(self) -> tuple[str, ...]:
        entries = await self.api.call_list("GET", "/sdapi/v1/sd-models")
        return names(entries, "title")

    async def _read(self, answer: dict[str, Any], task: ImageTask) -> Result:
        images = items(answer.get("images"))
        if not images:
            raise ProviderError("The provider has made no image.")
        info = _read_info(answer.get("info"))
        seeds = items(info.get("all_seeds"))
        files: list[File] = []
        for index, text in enumerate(images[: task.count]):
            seed = seeds[index] if index < len(seeds) else None
            is_seed = isinstance(seed, int)
            files.append(await to_file(decode(text), task, seed if is_seed else task.seed + index))
        return Result(str(info.get("sd_model_name") or self._checkpoint or self.kind), tuple(files))


def _read_info(text: object) -> dict[str, Any]:
    """Return `info`, which is JSON in a text; empty if it is not."""
    try:
        found: Any = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return table(found)
