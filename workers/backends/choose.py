"""The back-ends by their names, set up from the environment."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from workers.backends.automatic1111 import Automatic1111
from workers.backends.base import Backend
from workers.backends.comfyui import ComfyUI
from workers.backends.fal import Fal
from workers.backends.http import Api
from workers.backends.local import LocalBackend
from workers.backends.openai_chat import OpenAIChat
from workers.backends.openai_images import OpenAIImages
from workers.backends.replicate import Replicate
from workers.backends.runpod import RunPod
from workers.settings import SettingsError

Values = Mapping[str, str]
Create = Callable[[Values], Backend]
_SLOW: Final = 600.0
_RV51: Final = (
    "lucataco/realistic-vision-v5.1:"
    "2c8e954decbf70b7607a4414e5785ef9e4de4b8c51d50fb8b8b349160e0ef6bb"
)


def create_backend(kind: str, values: Values) -> Backend:
    """Return a back-end. Raises SettingsError for a missing variable."""
    return _CREATORS[kind](values)


def _local(_values: Values) -> Backend:
    return LocalBackend()


def _openai_images(values: Values) -> Backend:
    model = values.get("OPENAI_IMAGE_MODEL") or "gpt-image-1"
    return OpenAIImages(_openai(values), model, allows_private=_allows_private(values))


def _openai_chat(values: Values) -> Backend:
    return OpenAIChat(_openai(values), values.get("OPENAI_MODEL") or "gpt-5-mini")


def _openai(values: Values) -> Api:
    url = values.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
    key = values.get("OPENAI_API_KEY") or ("none" if values.get("OPENAI_BASE_URL") else "")
    if not key:
        raise SettingsError("Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server without a key.")
    return Api(url, {"authorization": f"Bearer {key}"}, _SLOW)


def _comfyui(values: Values) -> Backend:
    api = Api(values.get("COMFYUI_URL") or "http://127.0.0.1:8188")
    return ComfyUI(api, values.get("COMFYUI_CHECKPOINT", ""), _template(values))


def _automatic1111(values: Values) -> Backend:
    user, _, password = values.get("AUTOMATIC1111_AUTH", "").partition(":")
    url = values.get("AUTOMATIC1111_URL") or "http://127.0.0.1:7860"
    api = Api(url, seconds=_SLOW, auth=(user, password) if user else None)
    return Automatic1111(api, values.get("AUTOMATIC1111_CHECKPOINT", ""))


def _runpod(values: Values) -> Backend:
    url = values.get("RUNPOD_BASE_URL") or "https://api.runpod.ai/v2"
    endpoint = _require(values, "RUNPOD_ENDPOINT_ID")
    headers = {"authorization": f"Bearer {_require(values, 'RUNPOD_API_KEY')}"}
    api = Api(f"{url.rstrip('/')}/{endpoint}", headers)
    checkpoint = values.get("COMFYUI_CHECKPOINT", "")
    return RunPod(api, checkpoint, _template(values), allows_private=_allows_private(values))


def _fal(values: Values) -> Backend:
    api = Api(
        values.get("FAL_BASE_URL") or "https://queue.fal.run",
        {"authorization": f"Key {_require(values, 'FAL_KEY')}"},
    )
    model = values.get("FAL_MODEL") or "fal-ai/fast-sdxl"
    return Fal(api, model, allows_private=_allows_private(values))


def _replicate(values: Values) -> Backend:
    api = Api(
        values.get("REPLICATE_BASE_URL") or "https://api.replicate.com",
        {"authorization": f"Bearer {_require(values, 'REPLICATE_API_TOKEN')}"},
    )
    model = values.get("REPLICATE_MODEL") or _RV51
    return Replicate(api, model, allows_private=_allows_private(values))


def _require(values: Values, name: str) -> str:
    if value := values.get(name):
        return value
    raise SettingsError(f"{name} is not set.")


def _template(values: Values) -> str | None:
    path = values.get("COMFYUI_WORKFLOW")
    if not path:
        return None
    try:
        return Path(path).read_text()
    except OSError as exc:
        raise SettingsError(f"COMFYUI_WORKFLOW cannot be read: {exc}") from exc


def _allows_private(values: Values) -> bool:
    return values.get("WORKERS_ALLOW_PRIVATE", "").lower() in {"1", "true", "yes", "on"}


_CREATORS: Final[Mapping[str, Create]] = {
    "local": _local,
    "openai-images": _openai_images,
    "openai-chat": _openai_chat,
    "comfyui": _comfyui,
    "automatic1111": _automatic1111,
    "runpod": _runpod,
    "fal": _fal,
    "replicate": _replicate,
}
KINDS: Final = tuple(_CREATORS)
