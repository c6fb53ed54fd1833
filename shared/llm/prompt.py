"""Prompts as files: text for the model below a line that names the version."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told, and the version that is stored with its answer."""

    version: str
    text: str


def read_prompt(path: Path) -> Prompt:
    """Read a prompt; its first line is `version: …`."""
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    label, _, version = head.partition(":")
    if label.strip() != "version" or not version.strip():
        raise ValueError(f"{path}: the first line must be `version: …`")
    return Prompt(f"{path.stem}/{version.strip()}", text.strip())
