"""What the words of a prompt say about a picture: motif, time of day, weather, colours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]

_WORD: Final = re.compile(r"[^\W\d_]+", re.UNICODE)
_LONGEST: Final = 2_000  # characters of the prompt that are read

_MOTIFS: Final[Mapping[str, str]] = {
    "sea": "sea ocean beach coast harbour harbor lighthouse boat ship sail wave waves lake "
    "island river water bay pier mar meer mer playa strand plage",
    "mountain": "mountain mountains alps peak peaks summit hill hills valley cliff canyon volcano "
    "glacier landscape montaña berg berge montagne",
    "forest": "forest forests tree trees wood woods jungle pine pines autumn path deer bosque wald "
    "forêt",
    "city": "city cities town street skyline tower towers building buildings skyscraper urban "
    "cyberpunk neon bridge castle ciudad stadt ville",
    "desert": "desert dune dunes sand camel oasis sahara savanna desierto wüste désert",
    "space": "space galaxy planet planets nebula cosmos cosmic universe star stars astronaut "
    "rocket spaceship espacio weltraum espace",
    "portrait": "portrait person man woman girl boy face people child knight wizard queen king "
    "warrior character selfie avatar headshot retrato porträt",
    "flower": "flower flowers rose roses garden bouquet tulip tulips lavender blossom meadow field "
    "fields plant flor blume fleur",
    "animal": "cat cats dog dogs fox wolf rabbit kitten puppy animal bear lion tiger horse pet "
    "gato hund chat",
    "still_life": "fruit apple bowl cup coffee table vase bottle food cake bread lamp book",
}
_TIMES: Final[Mapping[str, str]] = {
    "dawn": "dawn sunrise morning amanecer aube",
    "dusk": "dusk sunset evening twilight golden atardecer sonnenuntergang",
    "night": "night midnight moon moonlit moonlight dark neon stars starry noche nacht nuit",
    "day": "day noon sunny bright daylight summer",
}
_WEATHERS: Final[Mapping[str, str]] = {
    "rain": "rain rainy storm stormy thunder lluvia regen pluie",
    "snow": "snow snowy winter frozen ice icy nieve schnee neige",
    "fog": "fog foggy mist misty haze hazy niebla nebel",
    "cloudy": "cloud clouds cloudy overcast",
}
_COLOURS: Final[Mapping[str, Colour]] = {
    "red": (200, 48, 48),
    "crimson": (165, 24, 52),
    "scarlet": (214, 42, 30),
    "orange": (236, 132, 36),
    "amber": (240, 170, 50),
    "gold": (218, 172, 66),
    "golden": (226, 178, 76),
    "yellow": (240, 208, 70),
    "green": (72, 150, 78),
    "emerald": (28, 148, 104),
    "olive": (122, 128, 52),
    "teal": (30, 132, 136),
    "turquoise": (58, 184, 178),
    "cyan": (70, 196, 222),
    "blue": (52, 104, 190),
    "navy": (28, 42, 92),
    "azure": (84, 156, 226),
    "indigo": (70, 58, 150),
    "purple": (128, 66, 160),
    "violet": (146, 92, 196),
    "magenta": (200, 58, 150),
    "pink": (234, 138, 170),
    "brown": (122, 84, 56),
    "beige": (214, 196, 164),
    "white": (238, 238, 232),
    "grey": (132, 138, 144),
    "gray": (132, 138, 144),
    "silver": (184, 190, 198),
    "black": (28, 28, 32),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn. `colours` are those that the prompt names, in its order."""

    motif: str
    time: str
    weather: str
    colours: tuple[Colour, ...]


def read_scene(prompt: str, variety: int) -> Scene:
    """Read a scene from the prompt; what it leaves open is chosen by `variety`."""
    words = [word.lower() for word in _WORD.findall(prompt[:_LONGEST])]
    times, motifs = ("day", "dusk", "dawn", "night"), ("mountain", "sea", "forest", "abstract")
    return Scene(
        motif=_find(words, _MOTIFS) or motifs[variety % 4],
        time=_find(words, _TIMES) or times[variety // 4 % 4],
        weather=_find(words, _WEATHERS) or ("clear", "cloudy")[variety // 16 % 2],
        colours=tuple(dict.fromkeys(_COLOURS[word] for word in words if word in _COLOURS))[:4],
    )


def _find(words: list[str], entries: Mapping[str, str]) -> str | None:
    """Return the entry with most of the words, the one named first among equals."""
    counts = dict.fromkeys(entries, 0)
    first = {name: len(words) for name in entries}
    index = _INDEX[id(entries)]
    for position, word in enumerate(words):
        if name := index.get(word):
            counts[name] += 1
            first[name] = min(first[name], position)
    best = max(entries, key=lambda name: (counts[name], -first[name]))
    return best if counts[best] else None


def _invert(entries: Mapping[str, str]) -> dict[str, str]:
    return {word: name for name, words in entries.items() for word in words.split()}


_INDEX: Final = {id(entries): _invert(entries) for entries in (_MOTIFS, _TIMES, _WEATHERS)}
