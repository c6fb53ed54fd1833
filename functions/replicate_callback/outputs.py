"""The outputs of a prediction: their URLs in all forms, downloaded, checked and stored."""

import asyncio
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from PIL import Image, ImageOps

from shared.env import SupabaseEnv
from shared.errors import UpstreamError
from shared.http.fetch import FetchError, FetchTimeoutError, fetch
from shared.media.file_type import EXTENSIONS, detect_type
from shared.media.storage import WORKSPACE, Storage
from shared.workers.env import call_policy

_MOST: Final = 20
_MAX_BYTES: Final = 50 * 1024 * 1024
_SECONDS: Final = 60.0
_THUMBNAIL: Final = 256
_MAX_PIXELS: Final = 40_000_000


class OutputError(Exception):
    """An output that no further try would bring."""


@dataclass(frozen=True, slots=True)
class Output:
    """A downloaded file with its thumbnail, if it is an image."""

    content: bytes
    media_type: str
    width: int | None = None
    height: int | None = None
    thumbnail: bytes | None = None


def list_urls(output: Any) -> list[str]:
    """Return the URLs of an output: a text, a list, {url}, or a list of those.

    Raises OutputError, also if there is none.
    """
    found: list[str] = []
    _collect(output, found)
    urls = list(dict.fromkeys(found))
    if not urls:
        raise OutputError("The prediction has no output.")
    if len(urls) > _MOST:
        raise OutputError(f"The prediction has more than {_MOST} outputs.")
    for url in urls:
        if not url.startswith(("https://", "http://")):
            raise OutputError("An output of the prediction is not a URL.")
    return urls


def _collect(output: Any, found: list[str]) -> None:
    if isinstance(output, str):
        found.append(output)
    elif isinstance(output, list):
        for entry in cast("list[Any]", output)[: _MOST + 1]:
            _collect(entry, found) if not isinstance(entry, list) else None
    elif isinstance(output, Mapping):
        named = cast("Mapping[str, Any]", output)
        for name in ("url", "image", "images", "output"):
            if isinstance(named.get(name), str | list):
                _collect(named[name], found)


async def download(env: SupabaseEnv, url: str) -> Output:
    """Download and check an output. Raises OutputError; UpstreamError: another try may help."""
    try:
        answer = await fetch(url, call_policy(env, seconds=_SECONDS, max_bytes=_MAX_BYTES))
    except FetchTimeoutError as exc:
        raise UpstreamError(f"An output of the prediction: {exc}", code="OUTPUT_FAILED") from exc
    except FetchError as exc:
        raise OutputError(f"An output of the prediction: {exc}") from exc
    if answer.status >= 500 or answer.status == 429:
        raise UpstreamError(f"An output's server answers {answer.status}.", code="OUTPUT_FAILED")
    if not answer.is_success:
        raise OutputError(f"An output of the prediction is gone: {answer.status}.")
    media_type = detect_type(answer.content[:64])
    if media_type is None or media_type not in EXTENSIONS:
        raise OutputError("An output of the prediction is neither an image nor a video.")
    if media_type.startswith("video/"):
        return Output(answer.content, media_type)
    return await asyncio.to_thread(_describe, answer.content, media_type)


async def store(env: SupabaseEnv, folder: str, index: int, output: Output) -> dict[str, Any]:
    """Upload an output into the job's folder and return what is known of it as an asset."""
    storage = Storage(env)
    path = f"{folder}/{index}.{EXTENSIONS[output.media_type]}"
    await storage.upload(WORKSPACE, path, output.content, output.media_type)
    thumbnail = None
    if output.thumbnail:
        thumbnail = f"{folder}/{index}.thumb.webp"
        await storage.upload(WORKSPACE, thumbnail, output.thumbnail, "image/webp")
    return {
        "asset_type": output.media_type.partition("/")[0],
        "path": path,
        "thumbnail_path": thumbnail,
        "file_size_bytes": len(output.content),
        "mime_type": output.media_type,
        "asset_index": index,
        "width": output.width,
        "height": output.height,
    }


def _describe(content: bytes, media_type: str) -> Output:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content))
            if opened.width * opened.height > _MAX_PIXELS:
                raise OutputError("An output of the prediction has too many pixels.")
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as exc:
        raise OutputError("An output of the prediction is a damaged image.") from exc
    small = image.copy()
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80)
    return Output(content, media_type, image.width, image.height, buffer.getvalue())
