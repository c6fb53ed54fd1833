"""Files that providers return: base64 texts, data URLs, URLs; images and videos."""

import asyncio
import base64
import binascii

from workers.errors import ProviderError
from workers.images import describe_file, find_media_type
from workers.task import FRAMES_PER_SECOND, File, ImageTask


def decode(text: object) -> bytes:
    """Decode base64, also of a data URL. Raises ProviderError."""
    if not isinstance(text, str):
        raise ProviderError("The provider's file is not a text.")
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ProviderError("The provider's file is not base64.") from exc


def encode(content: bytes) -> str:
    """Encode as base64."""
    return base64.b64encode(content).decode()


async def to_file(content: bytes, task: ImageTask, seed: int | None = None) -> File:
    """Check a returned file and describe it. Raises WorkError."""
    media_type = find_media_type(content)
    given = task.seed if seed is None else seed
    if media_type is None:
        raise ProviderError("The provider's file is neither an image nor a video.")
    if media_type.startswith("video/"):
        frames = task.frames
        seconds = frames / FRAMES_PER_SECOND
        return File(
            content, media_type, task.width, task.height, given, duration=seconds, frames=frames
        )
    return await asyncio.to_thread(describe_file, content, given)
