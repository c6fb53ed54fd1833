"""A short video: a slow pan over a picture, as MP4, or as animated WEBP where PyAV is missing."""

import importlib
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from PIL import Image

from workers.images import fit, make_thumbnail
from workers.local.picture import Picture, caption, draw_scene
from workers.task import FRAMES_PER_SECOND, File, ImageTask

_MARGIN: Final = 1.2  # the picture is that much larger than the frame that moves over it
_LONGEST_EDGE: Final = 1280
_FRAMES: Final = range(8, 162)


def make_video(task: ImageTask, reference: Image.Image | None) -> File:
    """Make the video, from the reference if there is one; its thumbnail is the middle frame."""
    width, height = _even(task.width, task.height)
    count = min(max(task.frames, _FRAMES.start), _FRAMES.stop - 1)
    wide, high = round(width * _MARGIN), round(height * _MARGIN)
    if reference is None:
        scene = draw_scene(Picture(task.prompt, task.seed, wide, high))
    else:
        scene = fit(reference, wide, high)
    thumbnail = b""

    def frames() -> Iterator[Image.Image]:
        """Yield the frames one by one: all of them take 150 MB."""
        nonlocal thumbnail
        for number, frame in enumerate(_pan(scene, width, height, count, task.seed)):
            named = caption(frame, task.prompt)
            if number == count // 2:
                thumbnail = make_thumbnail(named)
            yield named

    content, media_type = encode_video(frames())
    return File(
        content,
        media_type,
        width,
        height,
        task.seed,
        thumbnail,
        duration=count / FRAMES_PER_SECOND,
        frames=count,
    )


def encode_video(frames: Iterator[Image.Image]) -> tuple[bytes, str]:
    """Encode frames of one size; returns the bytes and their media type."""
    try:
        av: Any = importlib.import_module("av")  # its types are incomplete
    except ImportError:
        return _encode_webp(frames), "image/webp"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        # One thread: with several, the bytes depend on the machine.
        options = {"crf": "23", "preset": "ultrafast", "threads": "1"}
        stream = container.add_stream("libx264", FRAMES_PER_SECOND, options)
        first = next(frames)
        stream.width, stream.height = first.size
        stream.pix_fmt = "yuv420p"
        for image in chain((first,), frames):
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return buffer.getvalue(), "video/mp4"


def _encode_webp(frames: Iterator[Image.Image]) -> bytes:
    buffer = io.BytesIO()
    first, *rest = frames  # Pillow reads them twice
    pause = round(1000 / FRAMES_PER_SECOND)
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=rest,
        duration=pause,
        loop=0,
        quality=70,
        method=1,
    )
    return buffer.getvalue()


def _pan(
    scene: Image.Image, width: int, height: int, count: int, seed: int
) -> Iterator[Image.Image]:
    """Move a frame over the scene, from left to right or back by the seed."""
    across, down = scene.width - width, scene.height - height
    for number in range(count):
        share = number / max(count - 1, 1)
        share = share * share * (3 - 2 * share)
        left = across * (share if seed % 2 else 1 - share)
        top = down * (0.5 if seed % 3 == 0 else share)
        yield scene.transform(
            (width, height),
            Image.Transform.AFFINE,
            (1, 0, left, 0, 1, top),
            Image.Resampling.BILINEAR,
        )


def _even(width: int, height: int) -> tuple[int, int]:
    """Return an even size, as H.264 needs, of at most 1280 pixels."""
    scale = min(1.0, _LONGEST_EDGE / max(width, height))
    return max(2, round(width * scale) // 2 * 2), max(2, round(height * scale) // 2 * 2)
