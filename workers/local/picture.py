"""Draws a picture from a prompt and a seed: the same input gives the same pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from workers.local.canvas import Canvas, mix
from workers.local.lexicon import Colour, Scene, read_scene
from workers.local.motifs import MOTIFS, WITHOUT_SKY, Palette

MODEL: Final = "local-procedural"
_CAPTION: Final = 60
_LAST_GLYPH: Final = "\u0250"  # the built-in font has the Latin letters
_SMALLEST_LABELLED: Final = 96

_PALETTES: Final[Mapping[str, Palette]] = {
    "day": ((74, 138, 208), (206, 226, 236), (255, 250, 226), (104, 138, 148), (52, 92, 72)),
    "dawn": ((110, 134, 186), (250, 208, 182), (255, 230, 190), (150, 132, 158), (74, 82, 104)),
    "dusk": ((74, 58, 116), (246, 148, 84), (255, 214, 140), (134, 78, 104), (48, 38, 68)),
    "night": ((10, 14, 36), (44, 58, 104), (226, 230, 246), (38, 48, 88), (16, 20, 42)),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is drawn from; `index` tells the pictures of one job apart."""

    prompt: str
    seed: int
    width: int
    height: int
    index: int = 0


def draw_picture(wanted: Picture) -> Image.Image:
    """Draw the picture, with its words and the model's name in a corner."""
    image = draw_scene(wanted)
    return caption(image, wanted.prompt)


def draw_scene(wanted: Picture) -> Image.Image:
    """Draw the picture without the words."""
    random, scene, palette = _begin(wanted)
    canvas = Canvas(wanted.width, wanted.height, random)
    if scene.motif not in WITHOUT_SKY:
        _sky(canvas, scene, palette)
    MOTIFS[scene.motif](canvas, palette)
    _weather(canvas, scene, palette)
    canvas.shade(0.5)
    return canvas.image


def caption(image: Image.Image, prompt: str) -> Image.Image:
    """Write the prompt's first words and the model's name small in the lower left corner."""
    if min(image.size) < _SMALLEST_LABELLED:
        return image
    size = max(9, min(image.size) // 72)
    font = ImageFont.load_default(size)
    words = " ".join("".join(char for char in prompt if char < _LAST_GLYPH).split())
    short = words if len(words) <= _CAPTION else words[: _CAPTION - 1] + "…"
    text = f"{short} · {MODEL}" if short else MODEL
    draw = ImageDraw.Draw(image, "RGBA")
    pad = size // 2
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    if right - left + 3 * pad > image.width:
        text = MODEL
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    y = image.height - (bottom - top) - 2 * pad
    draw.rectangle((0, y - pad, right - left + 3 * pad, image.height), fill=(0, 0, 0, 110))
    draw.text((pad, y - top), text, font=font, fill=(255, 255, 255, 220))
    return image


def read_palette(wanted: Picture) -> tuple[Colour, Colour, Colour]:
    """Return the picture's dark, bright and middle colour."""
    _, _, (_, _, light, far, near) = _begin(wanted)
    return near, light, far


def _begin(wanted: Picture) -> tuple[np.random.Generator, Scene, Palette]:
    random = np.random.Generator(np.random.PCG64(_entropy(wanted)))
    scene = read_scene(wanted.prompt, int(random.integers(0, 64)))
    return random, scene, _palette(scene, random)


def _entropy(wanted: Picture) -> int:
    given = f"{wanted.seed}\0{wanted.index}\0{wanted.prompt}".encode("utf-8", "replace")
    return int.from_bytes(sha256(given).digest()[:16], "big")


def _palette(scene: Scene, random: np.random.Generator) -> Palette:
    """Return the colours of the time of day, shifted to those that the prompt names."""
    shift = float(random.random()) * 0.25
    tint = tuple(int(value) for value in random.integers(30, 226, 3))
    base = [
        mix(colour, (tint[0], tint[1], tint[2]), shift * 0.5) for colour in _PALETTES[scene.time]
    ]
    for place, colour in zip((4, 1, 3, 2), scene.colours, strict=False):
        base[place] = mix(base[place], colour, 0.75)
    if len(scene.colours) == 1:
        base[1] = mix(base[1], scene.colours[0], 0.45)
        base[3] = mix(base[3], scene.colours[0], 0.5)
    if scene.weather == "snow":
        base[3:] = [mix(colour, (236, 240, 246), 0.55) for colour in base[3:]]
    return tuple(base)


def _sky(canvas: Canvas, scene: Scene, palette: Palette) -> None:
    top, bottom, light, *_ = palette
    canvas.vertical((top, mix(top, bottom, 0.5), bottom, bottom))
    if scene.time == "night":
        canvas.points(int(canvas.width * canvas.height / 1800), (255, 255, 255), 0.7)
    at = (
        canvas.width * (0.18 + 0.64 * float(canvas.random.random())),
        canvas.height * (0.14 + 0.26 * float(canvas.random.random())),
    )
    canvas.glow(at, canvas.unit * 0.5, light, 0.75)
    canvas.disc(at, canvas.unit * (0.035 + 0.03 * float(canvas.random.random())), light)
    clouds = {"clear": 0.72, "cloudy": 0.5, "rain": 0.34, "snow": 0.45, "fog": 0.5}[scene.weather]
    cloud: Colour = (
        mix((255, 255, 255), bottom, 0.5) if scene.time != "night" else mix(top, bottom, 0.6)
    )
    canvas.veil(cloud, np.clip(canvas.noise(3, stretch=2.5) - clouds, 0, 1) * 1.8)


def _weather(canvas: Canvas, scene: Scene, palette: Palette) -> None:
    if scene.weather == "fog":
        canvas.veil(palette[1], canvas.noise(2, stretch=3.0, octaves=3) * 0.7)
    elif scene.weather == "snow":
        canvas.points(int(canvas.width * canvas.height / 300), (255, 255, 255))
    elif scene.weather == "rain":
        streaks = canvas.random.random((1, canvas.width), dtype=np.float32)
        fall = canvas.noise(24, octaves=1)
        canvas.veil((200, 210, 226), np.clip(streaks - 0.8, 0, 1) * np.clip(fall - 0.3, 0, 1) * 2)
