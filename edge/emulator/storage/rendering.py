"""Transform an image with Pillow; runs in a process of its own.

Follows imgproxy as supabase/storage drives it: cover fills the box and crops at the centre, contain
fits inside it, fill stretches; nothing is enlarged. Metadata is dropped, the orientation applied,
and of an animation the first frame is kept. SVG stays as it is.
"""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from PIL import Image, ImageOps, UnidentifiedImageError

Resize = Literal["cover", "contain", "fill"]

MAX_PIXELS: Final = 50_000_000
_FORMATS: Final = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "AVIF": "avif"}
_SVG: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*>|<!--[^<]*-->|<!DOCTYPE[^>[]*>)*+<svg[\s>]"
)
_SVG_HEAD: Final = 4096
_WITHOUT_ALPHA: Final = frozenset({"jpeg"})


@dataclass(frozen=True, slots=True)
class Options:
    """What to make of an image; 0 keeps a dimension, no format keeps the source's.

    `gravity` is the side or corner that a crop keeps, moved inwards by `offset`; `fp` makes the
    offset the place of the image, from 0 to 1, that becomes the centre. `sm` is the centre here.
    """

    width: int = 0
    height: int = 0
    resize: Resize = "cover"
    quality: int = 80
    format: str = ""
    gravity: str = ""
    offset: tuple[float, float] = (0.0, 0.0)


class UnsupportedImageError(Exception):
    """The bytes are no image, a broken one, or one with too many pixels."""


def render_file(path: Path, options: Options) -> tuple[bytes, str]:
    """Return the transformed image of a file. Raises UnsupportedImageError."""
    try:
        return render(path.read_bytes(), options)
    except OSError as exc:
        raise UnsupportedImageError from exc


def render(data: bytes, options: Options) -> tuple[bytes, str]:
    """Return the transformed image and its MIME type. Raises UnsupportedImageError."""
    if _SVG.match(data[:_SVG_HEAD]):
        return data, "image/svg+xml"
    Image.MAX_IMAGE_PIXELS = None  # checked here, before anything is decoded
    try:
        with Image.open(io.BytesIO(data)) as source:
            if source.width * source.height > MAX_PIXELS or source.format not in _FORMATS:
                raise UnsupportedImageError
            kept = _FORMATS[source.format]
            source.draft("RGB", (options.width or source.width, options.height or source.height))
            image = _resize(ImageOps.exif_transpose(source), options)
            return _encode(image, options.format or kept, options.quality)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as exc:
        raise UnsupportedImageError from exc


def _resize(image: Image.Image, options: Options) -> Image.Image:
    width = min(options.width or image.width, image.width)
    height = min(options.height or image.height, image.height)
    if (width, height) == image.size:
        return image
    converted = image if image.mode in {"L", "RGB", "RGBA"} else image.convert("RGBA")
    if options.resize == "fill":
        return converted.resize((width, height), Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]
    if options.resize == "contain":
        return ImageOps.contain(converted, (width, height), Image.Resampling.LANCZOS)
    if options.gravity in {"", "ce", "sm"} and options.offset == (0.0, 0.0):
        return ImageOps.fit(converted, (width, height), Image.Resampling.LANCZOS)
    box = find_crop(converted.size, (width, height), options)
    return converted.resize((width, height), Image.Resampling.LANCZOS, box)  # pyright: ignore[reportUnknownMemberType]


def find_crop(
    source: tuple[int, int], target: tuple[int, int], options: Options
) -> tuple[float, float, float, float]:
    """Return the part of a source that fills the target: left, top, right, bottom."""
    scale = min(source[0] / target[0], source[1] / target[1])
    size = target[0] * scale, target[1] * scale
    starts: list[float] = []
    for axis, (low, high) in enumerate((("we", "ea"), ("no", "so"))):
        free, offset = source[axis] - size[axis], options.offset[axis]
        if options.gravity == "fp":
            start = offset * source[axis] - size[axis] / 2
        else:
            moved = offset * (source[axis] if abs(offset) < 1 else scale)
            if low in options.gravity:
                start = moved
            elif high in options.gravity:
                start = free - moved
            else:
                start = free / 2 + moved
        starts.append(min(max(start, 0.0), free))
    return (*starts, starts[0] + size[0], starts[1] + size[1])  # type: ignore[return-value]


def _encode(image: Image.Image, name: str, quality: int) -> tuple[bytes, str]:
    if name in _WITHOUT_ALPHA and image.mode != "RGB":
        image = image.convert("RGB")
    elif image.mode not in {"L", "RGB", "RGBA"}:
        image = image.convert("RGBA")
    output = io.BytesIO()
    settings = {} if name in {"png", "gif"} else {"quality": quality}
    image.save(output, name.upper(), **settings)
    return output.getvalue(), f"image/{name}"
