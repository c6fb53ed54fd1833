"""Cleans what a model answers as a character: no speaker's name, nothing said for the user."""

import re
from typing import Final

_EMOJI: Final = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u200d\u20e3]+"
)
_USER_NAMES: Final = ("user", "you", "human")


def clean_roleplay(text: str, character_name: str, user_name: str | None) -> str:
    """Remove the character's name before its lines, the user's lines, and emojis."""
    users = "|".join(
        re.escape(name) for name in (*_USER_NAMES, *([user_name] if user_name else []))
    )
    own = re.compile(rf"^\s*[*_]*{re.escape(character_name)}[*_]*\s*:\s*", re.IGNORECASE)
    theirs = re.compile(rf"^\s*[*_]*(?:{users})[*_]*\s*:", re.IGNORECASE)
    lines = [own.sub("", line) for line in text.splitlines() if not theirs.match(line)]
    cleaned = _EMOJI.sub("", "\n".join(lines))
    return re.sub(r"[ \t]{2,}", " ", cleaned).strip() or text.strip()
