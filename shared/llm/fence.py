"""Putting somebody's text into a model's input so that it stays data."""

import json
import re
from typing import Any


def fence_text(tag: str, text: str) -> str:
    """The text between tags; tags of that name inside it become `[tag]`, which closes nothing."""
    inside = re.compile(rf"<\s*(/?)\s*{re.escape(tag)}\s*>", re.IGNORECASE)
    harmless = inside.sub(lambda match: f"[{match[1]}{tag}]", text)
    return f"<{tag}>\n{harmless}\n</{tag}>"


def fence_json(tag: str, value: Any) -> str:
    """JSON between tags; no tag can occur in it, since `<` is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2).replace("<", "\\u003c")
    return f"<{tag}>\n{text}\n</{tag}>"
