"""Drawing on a Pillow image by NumPy fields: noise, gradients, silhouettes, discs."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.local.lexicon import Colour

Field = NDArray[np.floating[Any]]
_OCTAVES: Final = 5


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@dataclass(slots=True)
class Canvas:
    """An RGB picture of `width` x `height` and the random numbers that it is drawn with."""

    width: int
    height: int
    random: np.random.Generator
    image: Image.Image = field(init=False)
    _rows: Field = field(init=False)
    _columns: Field = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height))
        self._rows = np.arange(self.height, dtype=np.float32)[:, None]
        self._columns = np.arange(self.width, dtype=np.float32)[None, :]

    @property
    def unit(self) -> float:
        """The shorter edge, in pixels."""
        return float(min(self.width, self.height))

    def noise(self, cells: int, stretch: float = 1.0, octaves: int = _OCTAVES) -> Field:
        """Return fractal noise between 0 and 1; `stretch` widens it."""
        total = np.zeros((self.height, self.width), dtype=np.float32)
        weight, weights = 1.0, 0.0
        for octave in range(octaves):
            count = cells * 2**octave
            wide = max(2, round(count * self.width / self.unit / stretch))
            high = max(2, round(count * self.height / self.unit))
            grid = self.random.random((high, wide), dtype=np.float32)
            total += self._enlarge(grid) * weight
            weights += weight
            weight *= 0.5
        total /= weights
        low, top = float(total.min()), float(total.max())
        return (total - low) / max(top - low, 1e-6)

    def line(self, cells: int, octaves: int = _OCTAVES) -> Field:
        """Return noise between -1 and 1 along the width."""
        xs = np.linspace(0, 1, self.width, dtype=np.float32)
        total: Field = np.zeros(self.width, dtype=np.float32)
        for octave in range(octaves):
            count = cells * 2**octave + 1
            knots: Field = self._knots(count)
            position = xs * (count - 1)
            left = np.minimum(position.astype(int), count - 2)
            share = position - left
            share = share * share * (3 - 2 * share)
            part: Field = knots[left] * (1 - share) + knots[left + 1] * share
            total += part * 0.5**octave
        return total / 2

    def fill(self, stops: tuple[Colour, ...], values: Field) -> None:
        """Colour the whole picture by a field between 0 and 1."""
        self.image = Image.fromarray(self._colour(stops, values))

    def vertical(self, stops: tuple[Colour, ...]) -> None:
        """Fill with a gradient from top to bottom, with a little noise against banding."""
        share = self._rows / max(self.height - 1, 1)
        self.fill(stops, np.broadcast_to(share, (self.height, self.width)))

    def veil(self, colour: Colour, alpha: Field) -> None:
        """Lay a colour over the picture, `alpha` between 0 and 1."""
        mask = Image.fromarray((np.clip(alpha, 0, 1) * 255).astype(np.uint8))
        self.image.paste(colour, (0, 0, self.width, self.height), mask)

    def silhouette(self, tops: Field, top: Colour, bottom: Colour) -> None:
        """Fill below a line of row numbers, one for each column, shaded from top to bottom."""
        mask = Image.fromarray((np.clip(self._rows - tops[None, :] + 0.5, 0, 1) * 255).astype("u1"))
        begin = float(np.clip(tops.min(), 0, self.height - 1))
        share = np.clip((self._rows - begin) / max(self.height - begin, 1), 0, 1)
        layer = Image.fromarray(
            np.ascontiguousarray(
                np.broadcast_to(self._colour((top, bottom), share), (self.height, self.width, 3))
            )
        )
        self.image.paste(layer, (0, 0), mask)

    def disc(self, centre: tuple[float, float], radius: float, colour: Colour) -> None:
        """Draw a disc; `centre` in pixels."""
        self.veil(colour, radius - self.distance(centre) + 0.5)

    def glow(self, centre: tuple[float, float], radius: float, colour: Colour, most: float) -> None:
        """Draw a glow that fades out at `radius`."""
        share = np.clip(1 - self.distance(centre) / max(radius, 1), 0, 1)
        self.veil(colour, share * share * most)

    def distance(self, centre: tuple[float, float]) -> Field:
        """Return the distance of each pixel from a point."""
        return np.hypot(self._columns - centre[0], self._rows - centre[1])

    def points(self, count: int, colour: Colour, below: float = 1.0) -> None:
        """Scatter points of random brightness over the upper part of the picture."""
        alpha = np.zeros((self.height, self.width), dtype=np.float32)
        rows = self.random.integers(0, max(1, int(self.height * below)), count)
        columns = self.random.integers(0, self.width, count)
        alpha[rows, columns] = self.random.random(count, dtype=np.float32)
        self.veil(colour, alpha)

    def shade(self, amount: float) -> None:
        """Darken towards the corners."""
        centre = (self.width / 2, self.height / 2)
        share = self.distance(centre) / float(np.hypot(*centre))
        self.veil((8, 8, 16), np.clip(share - 0.45, 0, 1) * amount)

    def _knots(self, count: int) -> Field:
        return self.random.random((count,), dtype=np.float32) * 2 - 1

    def _enlarge(self, grid: Field) -> Field:
        image = Image.fromarray(grid).resize((self.width, self.height), Image.Resampling.BICUBIC)
        return np.asarray(image, dtype=np.float32)

    def _colour(self, stops: tuple[Colour, ...], values: Field) -> NDArray[np.uint8]:
        positions = np.linspace(0, 255, len(stops))
        channels: list[Any] = [
            np.interp(np.arange(256), positions, [stop[channel] for stop in stops])
            for channel in range(3)
        ]
        table = np.stack(channels, axis=1).astype(np.uint8)
        return table[(np.clip(values, 0, 1) * 255).astype(np.uint8)]
