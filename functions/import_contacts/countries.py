"""Finds the region of a country that a row names: a code, a name, a calling code."""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import phonenumbers

from .headers import split_words
from .words import fold

_CALLING_CODE: Final = re.compile(r"(?:\+|00)?\s*([1-9]\d{0,2})(?:\s*-\s*\d+)?")
_PARTS: Final = re.compile(r"[(/,\u2013-]")


def is_region(code: str) -> bool:
    """Return whether this is an ISO 3166 region whose national numbers can be parsed."""
    return code in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=2048)
def find_region(text: str) -> str | None:
    """Return the region of a country as a row names it, None if it is unknown."""
    code = text.strip().upper()
    if is_region(code):
        return code
    if found := _CALLING_CODE.fullmatch(text.strip()):
        region = phonenumbers.region_code_for_country_code(int(found[1]))
        return region if is_region(region) else None
    parts = (fold(part) for part in _PARTS.split(text.removesuffix(")")))
    names = _region_by_name()
    return next((names[part] for part in (fold(text), *parts) if part in names), None)


@cache
def _region_by_name() -> dict[str, str]:
    regions = tomllib.loads(Path(__file__).with_name("countries.toml").read_text("utf-8"))
    return {name: region for region, names in regions.items() for name in split_words(names)}
