"""From a request to a model's inputs: its defaults, then what is asked for, within its ranges."""

import math
from collections.abc import Mapping
from typing import Any, Final, cast

_SCHEDULERS: Final = ("EulerA", "MultistepDPM-Solver")
_LARGEST_SEED: Final = 2_147_483_647
_SIDES: Final = (64, 1920)


def map_inputs(
    defaults: Mapping[str, Any], given: Mapping[str, Any], prompt: str
) -> dict[str, Any]:
    """Return the inputs; the prompt is always the caller's. Numbers out of range are clamped."""
    inputs: dict[str, Any] = dict(defaults)
    if (steps := _number(given, "steps", "num_inference_steps")) is not None:
        inputs["steps"] = int(_clamp(steps, 1, 100))
    if (guidance := _number(given, "guidance_scale", "guidance")) is not None:
        inputs["guidance"] = _clamp(guidance, 3.5, 7)
    for side in ("width", "height"):
        if (size := _number(given, side)) is not None:
            inputs[side] = int(_clamp(size, *_SIDES)) // 8 * 8
    if (seed := _number(given, "seed")) is not None:
        inputs["seed"] = int(_clamp(seed, 0, _LARGEST_SEED))
    if given.get("scheduler") in _SCHEDULERS:
        inputs["scheduler"] = given["scheduler"]
    if "num_outputs" in defaults and (count := _number(given, "num_outputs", "num_images")):
        inputs["num_outputs"] = int(_clamp(count, 1, 4))
    negative = given.get("negative_prompt")
    if isinstance(negative, str) and negative.strip():
        inputs["negative_prompt"] = negative[:4_000]
    return {**inputs, "prompt": prompt}


def read_message(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a worker's message as the request's inputs."""
    config: Any = payload.get("config") or {}
    width, _, height = str(config.get("resolution") or "").partition("x")
    sizes = (
        {"width": int(width), "height": int(height)} if width.isdigit() and height.isdigit() else {}
    )
    return {**config, **sizes, "negative_prompt": payload.get("negative_prompt")}


def find_reference(payload: Mapping[str, Any]) -> str | None:
    """Return the URL of a message's reference image."""
    metadata: Any = payload.get("metadata")
    url: Any = cast("Mapping[str, Any]", metadata).get("reference_image_url") if metadata else None
    return url if isinstance(url, str) and url else None


def map_reference(capabilities: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference and its strength as the model's inputs; {} without a reference."""
    name, url = capabilities.get("reference_input"), find_reference(payload)
    if not isinstance(name, str) or url is None:
        return {}
    config: Any = payload.get("config") or {}
    strength = _number(config, "denoise_strength")
    strength_name = capabilities.get("strength_input")
    if strength is None or not isinstance(strength_name, str):
        return {name: url}
    return {name: url, strength_name: _clamp(strength, 0, 1)}


def _number(given: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
