"""Enhances a prompt by rules: what it does not say about light, composition and detail is added.

For when neither a worker nor a model can be asked. Deterministic; the user's own words stay first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from shared.prompts.tokens import count_tokens

RULES_MODEL: Final = "local-extractive"
"""The label of what no model wrote."""

_MODIFY_PREFIX: Final = "maintain the same subject"


class _Aspect(NamedTuple):
    """What a prompt may speak of, by its words, and what is added if it does not."""

    spoken_of: re.Pattern[str]
    added: str


def _aspect(words: str, added: str) -> _Aspect:
    return _Aspect(re.compile(rf"\b(?:{words})", re.IGNORECASE), added)


_LIGHT: Final = (
    "light|lit\\b|sun|dusk|dawn|night|moon|candle|neon|shadow|glow|overcast|licht|lumière|luz|luce"
)
_FRAME: Final = (
    "close-?up|wide|portrait|aerial|macro|angle|composition|framing|shot\\b|view|panorama|centered"
)
_DETAIL: Final = "detail|texture|sharp|intricate|4k|8k|high[ -]res|crisp"
_STYLE: Final = (
    "photo|painting|watercolou?r|drawing|sketch|anime|3d|render|illustration|cinematic|vector|oil\\b"
    "|style|film"
)
_COLOUR: Final = "colou?r|palette|monochrome|black and white|pastel|vivid|muted|sepia"
_MOTION: Final = "mov|walk|run|fly|flow|turn|drift|swim|danc|wave|spin|rise|fall|glid|roll|motion"
_CAMERA: Final = "camera|pan\\b|zoom|dolly|tracking|steady|handheld|orbit"

_IMAGE: Final = (
    _aspect(_LIGHT, "soft natural light"),
    _aspect(_FRAME, "balanced composition"),
    _aspect(_STYLE, "photographic style"),
    _aspect(_DETAIL, "fine detail, sharp focus"),
    _aspect(_COLOUR, "harmonious colors"),
)
_VIDEO: Final = (
    _aspect(_MOTION, "gentle natural movement"),
    _aspect(_CAMERA, "slow steady camera pan"),
    _aspect(_LIGHT, "soft natural light"),
    _aspect(_STYLE, "cinematic look"),
    _aspect(_DETAIL, "smooth motion, consistent subject"),
)
_LIGHT_OF: Final[Mapping[str, str]] = {
    r"\b(?:night|midnight|stars?|moon\w*)\b": "moonlight and deep shadows",
    r"\b(?:sunset|dusk|evening|golden hour)\b": "warm low sunlight",
    r"\b(?:sunrise|dawn|morning)\b": "pale morning light",
    r"\b(?:forest|wood|jungle)\w*\b": "light falling through leaves",
    r"\b(?:sea|ocean|beach|coast|lake)\w*\b": "bright reflections on water",
    r"\b(?:city|street|town)\w*\b": "light of windows and street lamps",
    r"\b(?:snow|winter|ice)\w*\b": "clear cold light",
    r"\b(?:portrait|face|woman|man|girl|boy|person)\b": "soft studio light",
}


def enhance_by_rules(prompt: str, target_model: str, token_limit: int) -> str:
    """Return the prompt with what it leaves open, as far as the limit allows."""
    text = " ".join(prompt.split()).rstrip(" ,.;")
    for addition in _additions(prompt, _VIDEO if target_model == "wan" else _IMAGE):
        longer = f"{text}, {addition}"
        if count_tokens(longer) <= token_limit:
            text = longer
    return text


def modify_prompt(prompt: str) -> str:
    """Return the prompt for a change of a reference image."""
    return f"{_MODIFY_PREFIX}; {prompt.strip()}" if prompt.strip() else _MODIFY_PREFIX


def _additions(prompt: str, aspects: Sequence[_Aspect]) -> Iterator[str]:
    for aspect in aspects:
        if aspect.spoken_of.search(prompt):
            continue
        yield _light_of(prompt) if aspect.added.startswith("soft natural light") else aspect.added


def _light_of(prompt: str) -> str:
    found = (light for words, light in _LIGHT_OF.items() if re.search(words, prompt, re.IGNORECASE))
    return next(found, "soft natural light")
