"""The motifs: each draws its foreground over a sky that is there already."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from workers.local.canvas import Canvas, Field, mix
from workers.local.lexicon import Colour

Palette = tuple[Colour, ...]
"""Sky top, sky bottom, light, far, near: the colours of a scene."""

Motif = Callable[[Canvas, Palette], None]
_DARK: Final = (18, 22, 30)


def draw_mountain(canvas: Canvas, palette: Palette) -> None:
    """Draw ridges, the nearer the darker."""
    _, haze, _, far, near = palette
    for layer in range(4):
        share = layer / 3
        base = canvas.height * (0.48 + 0.14 * layer)
        swing = canvas.height * (0.26 - 0.05 * layer)
        tops = base - np.abs(canvas.line(3 + layer)) * swing * 1.6
        colour = mix(mix(haze, far, 0.45 + share * 0.5), near, share * 0.8)
        canvas.silhouette(tops, colour, mix(colour, _DARK, 0.25 + share * 0.4))


def draw_sea(canvas: Canvas, palette: Palette) -> None:
    """Draw water under the mirrored sky, a coast, perhaps a sail."""
    _, haze, light, far, near = palette
    horizon = int(canvas.height * 0.56)
    coast = horizon - np.clip(canvas.line(2), 0, 1) * canvas.height * 0.14
    canvas.silhouette(coast, mix(haze, far, 0.6), mix(far, near, 0.4))
    sky = canvas.image.crop((0, 0, canvas.width, horizon)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    canvas.image.paste(sky.resize((canvas.width, canvas.height - horizon)), (0, horizon))
    canvas.veil(mix(far, near, 0.5), _below(canvas, horizon) * 0.45)
    ripples = canvas.noise(10, stretch=9.0, octaves=3)
    canvas.veil(light, _below(canvas, horizon) * np.clip(ripples - 0.62, 0, 1) * 1.6)
    _sail(canvas, horizon, mix(light, (255, 255, 255), 0.5))


def draw_forest(canvas: Canvas, palette: Palette) -> None:
    """Draw rows of conifers."""
    _, haze, _, far, near = palette
    columns = np.arange(canvas.width, dtype=np.float32)
    for layer in range(4):
        share = layer / 3
        base = canvas.height * (0.62 + 0.11 * layer) + canvas.line(2) * canvas.height * 0.05
        tops = base.copy()
        tall = canvas.height * (0.14 + 0.09 * layer)
        for _ in range(int(46 - 10 * layer)):
            middle = canvas.random.random() * canvas.width
            height = tall * (0.5 + canvas.random.random() * 0.7)
            beside = np.abs(columns - middle)
            saw = np.mod(beside * 6, height * 0.12) * 0.35
            tops = np.minimum(tops, base - height + beside * 3.1 + saw)
        colour = mix(mix(haze, far, 0.4 + share * 0.6), near, share)
        canvas.silhouette(tops, colour, mix(colour, _DARK, 0.5))


def draw_city(canvas: Canvas, palette: Palette) -> None:
    """Draw a skyline with lit windows."""
    _, haze, light, far, near = palette
    for layer in range(3):
        share = layer / 2
        tops = np.full(canvas.width, float(canvas.height), dtype=np.float32)
        at = 0
        while at < canvas.width:
            wide = int(canvas.unit * (0.04 + canvas.random.random() * 0.09)) + 2
            tall = canvas.height * (0.62 - 0.13 * layer) * (0.45 + canvas.random.random() * 0.6)
            tops[at : at + wide] = canvas.height - tall
            at += wide + int(canvas.random.random() * canvas.unit * 0.02)
        colour = mix(mix(haze, far, 0.5 + share * 0.4), mix(near, _DARK, 0.5), share)
        canvas.silhouette(tops, colour, mix(colour, _DARK, 0.4))
        _windows(canvas, tops, mix(light, (255, 226, 150), 0.6), 0.25 + 0.4 * share)


def draw_desert(canvas: Canvas, palette: Palette) -> None:
    """Draw dunes."""
    _, _, light, far, near = palette
    for layer in range(4):
        share = layer / 3
        base = canvas.height * (0.54 + 0.12 * layer)
        tops = base - canvas.line(2 + layer % 2, octaves=2) * canvas.height * 0.12
        colour = mix(mix((226, 184, 124), far, 0.25), near, share * 0.35)
        canvas.silhouette(tops, mix(colour, light, 0.35), mix(colour, _DARK, 0.3))


def draw_space(canvas: Canvas, palette: Palette) -> None:
    """Draw a nebula, stars and a planet."""
    _, _, light, far, near = palette
    canvas.fill((_DARK, mix(_DARK, far, 0.5), mix(far, near, 0.5), light), canvas.noise(3) ** 2.2)
    canvas.points(int(canvas.width * canvas.height / 900), (255, 255, 255))
    radius = canvas.unit * (0.12 + canvas.random.random() * 0.14)
    centre = (
        canvas.width * (0.25 + canvas.random.random() * 0.5),
        canvas.height * (0.3 + canvas.random.random() * 0.4),
    )
    canvas.glow(centre, radius * 1.7, light, 0.6)
    canvas.disc(centre, radius, mix(near, light, 0.35))
    bands = np.clip(canvas.noise(4, stretch=5.0, octaves=3) - 0.4, 0, 1)
    inside = np.clip(radius - canvas.distance(centre), 0, 1)
    canvas.veil(mix(far, _DARK, 0.3), bands * inside)
    shadow = canvas.distance((centre[0] - radius * 0.7, centre[1] - radius * 0.5)) / (radius * 2)
    canvas.veil(_DARK, np.clip(shadow - 0.35, 0, 0.9) * inside)


def draw_portrait(canvas: Canvas, palette: Palette) -> None:
    """Draw the head and shoulders of a figure without a face."""
    _, _, light, far, near = palette
    canvas.veil(_DARK, canvas.noise(3, octaves=3) * 0.35)
    x, unit = canvas.width / 2, canvas.unit
    y = canvas.height * 0.44
    skin = mix((224, 178, 146), (112, 72, 52), float(canvas.random.random()))
    hair = mix(near, _DARK, 0.6)
    layer, draw = _overlay(canvas)
    _ellipse(draw, x, y + unit * 0.02, unit * 0.2, unit * 0.26, hair)
    _ellipse(draw, x, canvas.height + unit * 0.02, unit * 0.38, unit * 0.34, mix(far, near, 0.4))
    _ellipse(draw, x, y + unit * 0.22, unit * 0.075, unit * 0.14, mix(skin, _DARK, 0.25))
    _ellipse(draw, x, y + unit * 0.03, unit * 0.155, unit * 0.21, skin)
    _ellipse(draw, x, y - unit * 0.13, unit * 0.16, unit * 0.09, hair)
    _lay(canvas, layer)
    canvas.glow((x - unit * 0.25, y - unit * 0.2), unit * 0.5, light, 0.35)


def draw_flower(canvas: Canvas, palette: Palette) -> None:
    """Draw a meadow of flowers."""
    _, haze, light, far, near = palette
    green = mix((74, 132, 62), far, 0.25)
    for layer in range(2):
        tops = canvas.height * (0.58 + 0.1 * layer) + canvas.line(3) * canvas.height * 0.06
        canvas.silhouette(tops, mix(green, haze, 0.35 - 0.25 * layer), mix(green, _DARK, 0.45))
    layer_image, draw = _overlay(canvas)
    petals = (near, light, mix(near, (255, 255, 255), 0.5))
    rows = np.sort(canvas.random.random(70))
    for row in rows:
        y = canvas.height * (0.64 + 0.36 * float(row))
        x = canvas.width * float(canvas.random.random())
        size = canvas.unit * (0.008 + 0.028 * float(row))
        draw.line((x, y, x, y + size * 5), fill=(*mix(green, _DARK, 0.4), 255), width=2)
        colour = petals[int(canvas.random.integers(0, 3))]
        for angle in np.linspace(0, 2 * np.pi, 6)[:5]:
            _ellipse(
                draw, x + np.cos(angle) * size, y + np.sin(angle) * size, size * 0.8, size * 0.8,
                colour,
            )  # fmt: skip
        _ellipse(draw, x, y, size * 0.6, size * 0.6, (240, 206, 80))
    _lay(canvas, layer_image)


def draw_animal(canvas: Canvas, palette: Palette) -> None:
    """Draw an animal that sits on a hill, seen from behind."""
    _, haze, _, far, near = palette
    hill = canvas.height * 0.76 + canvas.line(2, octaves=2) * canvas.height * 0.05
    canvas.silhouette(hill, mix(far, haze, 0.2), mix(far, _DARK, 0.5))
    x, unit = canvas.width * (0.35 + 0.3 * float(canvas.random.random())), canvas.unit
    y = canvas.height * 0.78
    fur = mix(near, _DARK, 0.35)
    layer, draw = _overlay(canvas)
    _ellipse(draw, x, y - unit * 0.13, unit * 0.12, unit * 0.17, fur)
    _ellipse(draw, x, y - unit * 0.34, unit * 0.085, unit * 0.08, fur)
    for side in (-1, 1):
        draw.polygon(
            [
                (x + side * unit * 0.085, y - unit * 0.36),
                (x + side * unit * 0.075, y - unit * 0.47),
                (x + side * unit * 0.015, y - unit * 0.4),
            ],
            fill=(*fur, 255),
        )
    draw.arc(
        (x, y - unit * 0.2, x + unit * 0.3, y + unit * 0.03), 20, 170, (*fur, 255), int(unit * 0.03)
    )
    _lay(canvas, layer)


def draw_still_life(canvas: Canvas, palette: Palette) -> None:
    """Draw a bowl of fruit on a table."""
    _, _, light, far, near = palette
    table = np.full(canvas.width, canvas.height * 0.66, dtype=np.float32)
    canvas.silhouette(table, mix((138, 96, 62), far, 0.3), mix((70, 48, 34), far, 0.2))
    x, y, unit = canvas.width / 2, canvas.height * 0.66, canvas.unit
    layer, draw = _overlay(canvas)
    for _ in range(7):
        across = (float(canvas.random.random()) - 0.5) * unit * 0.34
        size = unit * (0.06 + 0.03 * float(canvas.random.random()))
        colour = mix(near, light, float(canvas.random.random()))
        _ellipse(draw, x + across, y - unit * 0.06, size, size, colour)
        _ellipse(draw, x + across - size * 0.3, y - unit * 0.06 - size * 0.35, size * 0.25,
                 size * 0.2, mix(colour, (255, 255, 255), 0.6))  # fmt: skip
    bowl = (x - unit * 0.27, y - unit * 0.2, x + unit * 0.27, y + unit * 0.16)
    draw.chord(bowl, 8, 172, fill=(*mix(far, (236, 230, 220), 0.6), 255))
    _lay(canvas, layer)


def draw_abstract(canvas: Canvas, palette: Palette) -> None:
    """Draw warped bands of the scene's colours."""
    bends = canvas.noise(2, octaves=4)
    folds = canvas.noise(3, octaves=4)
    waves = (np.sin((bends * 5 + folds * 2.5) * np.pi) + 1) / 2
    canvas.fill((palette[0], palette[3], palette[2], palette[4], palette[1]), waves)
    canvas.veil((255, 255, 255), np.clip(folds - 0.72, 0, 1) * 1.2)


MOTIFS: Final[Mapping[str, Motif]] = {
    "mountain": draw_mountain,
    "sea": draw_sea,
    "forest": draw_forest,
    "city": draw_city,
    "desert": draw_desert,
    "space": draw_space,
    "portrait": draw_portrait,
    "flower": draw_flower,
    "animal": draw_animal,
    "still_life": draw_still_life,
    "abstract": draw_abstract,
}

WITHOUT_SKY: Final = ("space", "abstract")


def _below(canvas: Canvas, row: int) -> Field:
    field = np.zeros((canvas.height, canvas.width), dtype=np.float32)
    field[row:] = 1
    return field


def _sail(canvas: Canvas, horizon: int, colour: Colour) -> None:
    x = canvas.width * (0.2 + 0.6 * float(canvas.random.random()))
    size = canvas.unit * (0.05 + 0.08 * float(canvas.random.random()))
    y = horizon + size * 0.6
    layer, draw = _overlay(canvas)
    draw.polygon(
        [(x, y - size * 2), (x, y - size * 0.2), (x + size, y - size * 0.2)], (*colour, 255)
    )
    draw.polygon(
        [
            (x - size * 0.1, y - size * 1.7),
            (x - size * 0.1, y - size * 0.2),
            (x - size * 0.7, y - size * 0.2),
        ],
        (*mix(colour, _DARK, 0.2), 255),
    )
    hull = [
        (x - size, y - size * 0.1),
        (x + size * 1.2, y - size * 0.1),
        (x + size * 0.8, y + size * 0.3),
    ]
    draw.polygon([*hull, (x - size * 0.6, y + size * 0.3)], (*mix(colour, _DARK, 0.75), 255))
    _lay(canvas, layer)


def _windows(canvas: Canvas, tops: Field, colour: Colour, share: float) -> None:
    step = max(4, int(canvas.unit / 90))
    rows = np.arange(canvas.height)[:, None]
    columns = np.arange(canvas.width)[None, :]
    lit = canvas.random.random((canvas.height // step + 1, canvas.width // step + 1)) < share * 0.5
    grid = np.repeat(np.repeat(lit, step, 0), step, 1)[: canvas.height, : canvas.width]
    inside = (
        (rows > tops[None, :] + step) & (rows % step > step // 3) & (columns % step > step // 3)
    )
    canvas.veil(colour, (grid & inside).astype(np.float32) * 0.85)


def _overlay(canvas: Canvas) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    layer = Image.new("RGBA", (canvas.width, canvas.height))
    return layer, ImageDraw.Draw(layer)


def _lay(canvas: Canvas, layer: Image.Image) -> None:
    """Lay an overlay on the picture, its edges softened by half a pixel."""
    mask = layer.getchannel("A").resize((canvas.width * 2, canvas.height * 2)).reduce(2)
    canvas.image.paste(layer.convert("RGB"), (0, 0), mask)


def _ellipse(
    draw: ImageDraw.ImageDraw, x: float, y: float, wide: float, high: float, colour: Colour
) -> None:
    draw.ellipse((x - wide, y - high, x + wide, y + high), fill=(*colour, 255))
