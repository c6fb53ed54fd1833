"""Sets verify_jwt of functions in supabase/config.toml; everything else stays as it is written."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

_TABLE: Final = re.compile(r"^\s*\[")
_VERIFY: Final = re.compile(r"^(\s*verify_jwt\s*=\s*)(true|false)\b")


def set_verify_jwt(text: str, wanted: Mapping[str, bool]) -> str | None:
    """Return the file's text with these settings; None if that takes more than changing lines."""
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    edited = text
    for slug, value in wanted.items():
        if _setting(before, slug) is not value:
            edited = _set(edited, slug, "true" if value else "false")
    try:
        after = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        return None
    return edited if after == _expected(before, wanted) else None


def _set(text: str, slug: str, value: str) -> str:
    lines = text.splitlines(keepends=True)
    header = re.compile(rf"""^\s*\[\s*functions\s*\.\s*["']?{re.escape(slug)}["']?\s*\]""")
    start = next((n for n, line in enumerate(lines) if header.match(line)), None)
    if start is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}[functions.{slug}]\nverify_jwt = {value}\n"
    for number in range(start + 1, len(lines)):
        if _TABLE.match(lines[number]):
            break
        if _VERIFY.match(lines[number]):
            lines[number] = _VERIFY.sub(rf"\g<1>{value}", lines[number])
            return "".join(lines)
    end = "" if lines[start].endswith("\n") else "\n"
    lines.insert(start + 1, f"{end}verify_jwt = {value}\n")
    return "".join(lines)


def _setting(document: Mapping[str, Any], slug: str) -> Any:
    functions = document.get("functions")
    table = functions.get(slug) if isinstance(functions, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return table.get("verify_jwt") if isinstance(table, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _expected(before: dict[str, Any], wanted: Mapping[str, bool]) -> dict[str, Any] | None:
    functions: Any = before.get("functions", {})
    if not isinstance(functions, dict):
        return None
    merged: dict[str, Any] = dict(functions)  # pyright: ignore[reportUnknownArgumentType]
    for slug, value in wanted.items():
        table = merged.get(slug, {})
        if not isinstance(table, dict):
            return None
        merged[slug] = {**table, "verify_jwt": value}
    return {**before, "functions": merged}
