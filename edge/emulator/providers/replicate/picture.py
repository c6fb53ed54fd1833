"""The pictures that the emulated models make: colours and shapes from prompt and seed, labelled."""

import io
import random
from hashlib import sha256
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

LABEL: Final = "local-procedural"
_CAPTION: Final = 60
_LAST_GLYPH: Final = "\u0250"  # the built-in font has the Latin letters


def draw_picture(prompt: str, seed: int, width: int, height: int) -> bytes:
    """Draw a PNG; the same arguments give the same bytes."""
    digest = sha256(f"{seed}\0{prompt}".encode("utf-8", "replace")).digest()
    chance = random.Random(digest)  # noqa: S311 - the same picture each time
    colours = [tuple(chance.randrange(256) for _ in range(3)) for _ in range(4)]
    gradient = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270)))
    sky = gradient.resize((width, height))
    image = ImageOps.colorize(sky, colours[0], colours[1], colours[2])  # pyright: ignore[reportArgumentType]
    draw = ImageDraw.Draw(image, "RGBA")
    for _ in range(14):
        x, y = chance.random() * width, chance.random() * height
        radius = (0.05 + 0.2 * chance.random()) * min(width, height)
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, fill=(*chance.choice(colours), 70))  # pyright: ignore[reportArgumentType]
    font = ImageFont.load_default(max(9, min(width, height) // 64))
    words = " ".join("".join(char for char in prompt if char < _LAST_GLYPH).split())[:_CAPTION]
    text = f"{words} · {LABEL}" if words else LABEL
    draw.text((6, height - 8), text, font=font, fill=(255, 255, 255, 230), anchor="ls")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=2)
    return buffer.getvalue()
