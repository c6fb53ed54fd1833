"""ComfyUI's graphs in API format: a default one, or a file of yours with placeholders.

In a file, the texts "{{prompt}}", "{{negative_prompt}}", "{{seed}}", "{{steps}}", "{{guidance}}",
"{{width}}", "{{height}}", "{{count}}", "{{denoise}}", "{{frames}}" and "{{image}}" (the name of the
uploaded reference) are replaced; one that is a whole text becomes a number where the value is one.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from workers.errors import ProviderConfigurationError
from workers.task import ImageTask

_PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
_LARGEST_SEED: Final = 1 << 63


def build_graph(
    task: ImageTask, checkpoint: str, template: str | None, image: str | None
) -> dict[str, Any]:
    """Return the graph for a task. Raises ProviderConfigurationError for a faulty file."""
    values = _values(task, image)
    if template is not None:
        try:
            graph = json.loads(template)
        except ValueError as exc:
            raise ProviderConfigurationError(f"COMFYUI_WORKFLOW is not JSON: {exc}.") from exc
        return cast("dict[str, Any]", _fill(graph, values))
    return _default(task, checkpoint, image, values)


def _default(
    task: ImageTask, checkpoint: str, image: str | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    size = {"width": task.width, "height": task.height, "batch_size": task.count}
    graph: dict[str, Any] = {
        "1": _node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": _node("CLIPTextEncode", text=task.prompt, clip=["1", 1]),
        "3": _node("CLIPTextEncode", text=task.negative_prompt, clip=["1", 1]),
        "4": _node("EmptyLatentImage", **size),
        "5": _node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["4", 0],
            seed=values["seed"],
            steps=task.steps,
            cfg=task.guidance,
            sampler_name="euler",
            scheduler="normal",
            denoise=task.denoise if image else 1.0,
        ),
        "6": _node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": _node("SaveImage", images=["6", 0], filename_prefix="edge"),
    }
    if image:
        graph["8"] = _node("LoadImage", image=image)
        graph["9"] = _node(
            "ImageScale",
            image=["8", 0],
            upscale_method="lanczos",
            crop="center",
            width=task.width,
            height=task.height,
        )
        graph["10"] = _node("VAEEncode", pixels=["9", 0], vae=["1", 2])
        graph["4"] = _node("RepeatLatentBatch", samples=["10", 0], amount=task.count)
    return graph


def _node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def _values(task: ImageTask, image: str | None) -> dict[str, Any]:
    return {
        "prompt": task.prompt,
        "negative_prompt": task.negative_prompt,
        "seed": task.seed % _LARGEST_SEED,
        "steps": task.steps,
        "guidance": task.guidance,
        "width": task.width,
        "height": task.height,
        "count": task.count,
        "denoise": task.denoise,
        "frames": task.frames,
        "image": image or "",
    }


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _fill(entry, values) for name, entry in members.items()}
    if isinstance(value, list):
        return [_fill(entry, values) for entry in cast("list[Any]", value)]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), value)
