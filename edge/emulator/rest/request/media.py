"""Negotiate media types: Accept and Content-Type.

Follows PostgREST's MediaType.hs and Plan.hs (negotiateContent).
"""

import re
from dataclasses import dataclass
from typing import Final

from edge.emulator.rest.errors import rest_error

JSON: Final = "application/json"
OBJECT: Final = "application/vnd.pgrst.object+json"
ARRAY: Final = "application/vnd.pgrst.array+json"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"
FORM: Final = "application/x-www-form-urlencoded"
BYTES: Final = "application/octet-stream"
OPENAPI: Final = "application/openapi+json"

_ALIASES: Final = {
    "*/*": JSON,
    "application/*": JSON,
    "application/vnd.pgrst.object": OBJECT,
    "application/vnd.pgrst.array": ARRAY,
}
_SUPPORTED: Final = frozenset({JSON, OBJECT, ARRAY, CSV})
_NULLS_STRIPPED: Final = re.compile(r';\s*nulls\s*=\s*"?stripped', re.IGNORECASE)
_QUALITY: Final = re.compile(r";\s*q\s*=\s*([\d.]+)")


@dataclass(frozen=True, slots=True)
class MediaType:
    """The media type of a response."""

    name: str = JSON
    strips_nulls: bool = False

    @property
    def is_single(self) -> bool:
        return self.name == OBJECT

    @property
    def content_type(self) -> str:
        suffix = ";nulls=stripped" if self.strips_nulls else ""
        return f"{self.name}{suffix}; charset=utf-8"


def parse_content_type(header: str | None) -> str:
    """Return the type without parameters; JSON without a header."""
    return header.partition(";")[0].strip().lower() if header else JSON


def negotiate(accept: str | None) -> MediaType:
    """Return the acceptable type of highest quality; raises PGRST107 if none is supported."""
    if not accept:
        return MediaType()
    accepted_types = _by_quality(accept)
    for entry in accepted_types:
        name = parse_content_type(entry)
        name = _ALIASES.get(name, name)
        strips_nulls = bool(_NULLS_STRIPPED.search(entry)) and name in {OBJECT, ARRAY}
        if name == ARRAY and not strips_nulls:
            name = JSON
        if name in _SUPPORTED:
            return MediaType(name, strips_nulls)
    raise rest_error("PGRST107", accepted=", ".join(accepted_types))


def _by_quality(accept: str) -> list[str]:
    entries = [entry.strip() for entry in accept.split(",") if entry.strip()]
    return sorted(entries, key=_quality, reverse=True)


def _quality(entry: str) -> float:
    found = _QUALITY.search(entry)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0


def accepts_openapi(accept: str | None) -> bool:
    names = [parse_content_type(entry) for entry in (accept or "*/*").split(",")]
    return any(name in {OPENAPI, JSON, "*/*"} for name in names)
