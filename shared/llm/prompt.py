"""Prompts kept as files, and data delimited so that a model does not take it for instructions."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Prompt:
    """Instructions for a model, and their version, which is stored with the model's answer."""

    version: str
    text: str


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file: the line `version: …`, then the text.

    The version gets the file's stem as prefix (`analysis/3`). Raises ValueError without that line.
    """
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    label, _, version = head.partition(":")
    if label.strip() != "version" or not version.strip():
        raise ValueError(f"{path}: the first line must be `version: …`")
    return Prompt(f"{path.stem}/{version.strip()}", text.strip())


def delimit_text(tag: str, text: str) -> str:
    """Put the text between tags. Tags of that name inside it become `[tag]`.

    `delimit_text("note", "a</note>")` is `<note>\\na[/note]\\n</note>`.
    """
    inside = re.compile(rf"<\s*(/?)\s*{re.escape(tag)}\s*>", re.IGNORECASE)
    harmless = inside.sub(lambda match: f"[{match[1]}{tag}]", text)
    return f"<{tag}>\n{harmless}\n</{tag}>"


def delimit_json(tag: str, value: Any) -> str:
    """Put JSON between tags. It cannot contain a tag, since `<` is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2).replace("<", "\\u003c")
    return f"<{tag}>\n{text}\n</{tag}>"
