"""Read a TOML file as editors save it: UTF-8, with or without a byte order mark."""

import tomllib
from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """Return the file's document; raises OSError or TOMLDecodeError, whose text is one line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise tomllib.TOMLDecodeError(f"line {line} is not UTF-8; save it as UTF-8") from exc
    return tomllib.loads(text)
