"""Normalizes names of columns and values, so that spellings of one word compare equal."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD: Final = re.compile(r"[\W_]+")


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Return lower-case words without accents, separated by spaces: `DoNotCall` → `do not call`."""
    spaced = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text[:400]))
    plain = unicodedata.normalize("NFKD", spaced.replace("ß", "ss").casefold())
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return _NOT_WORD.sub(" ", letters.replace("'", "").replace("\u2019", "")).strip()
