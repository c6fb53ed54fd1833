"""Negotiate media types: Accept and Content-Type.

Follows PostgREST's MediaType.hs and Plan/Negotiate.hs.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.record import record
from edge.emulator.rest.schema.model import MediaHandler

JSON: Final = "application/json"
OBJECT: Final = "application/vnd.pgrst.object+json"
ARRAY: Final = "application/vnd.pgrst.array+json"
PLAN: Final = "application/vnd.pgrst.plan"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"
XML: Final = "text/xml"
FORM: Final = "application/x-www-form-urlencoded"
BYTES: Final = "application/octet-stream"
GEOJSON: Final = "application/geo+json"
OPENAPI: Final = "application/openapi+json"
ANY: Final = "*/*"

_ALIASES: Final = {
    "application/vnd.pgrst.object": OBJECT,
    "application/vnd.pgrst.array": ARRAY,
    PLAN: f"{PLAN}+text",
}
_BUILT_IN: Final = {ANY: JSON, "application/*": JSON, JSON: JSON, CSV: CSV}
_WITH_CHARSET: Final = frozenset({JSON, OBJECT, ARRAY, CSV, TEXT, XML, FORM, GEOJSON, OPENAPI})
_PARAMETER: Final = re.compile(r';\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s;]*))')
PLAN_OPTIONS: Final = ("analyze", "verbose", "settings", "buffers", "wal")


@record
class Explain:
    """The plan of a statement, instead of its result."""

    is_json: bool = False
    options: tuple[str, ...] = ()


@record
class MediaType:
    """The media type of a response; `explain` answers the plan of what would have it."""

    name: str = JSON
    strips_nulls: bool = False
    handler: MediaHandler | None = None
    explain: Explain | None = None

    @property
    def is_single(self) -> bool:
        return self.name == OBJECT

    @property
    def content_type(self) -> str:
        if self.explain:
            return f"{self._plan_text(self.explain)}; charset=utf-8"
        is_text = self.name in _WITH_CHARSET
        return f"{self._full_name}; charset=utf-8" if is_text else self._full_name

    @property
    def text(self) -> str:
        """The type as errors name it."""
        return self._plan_text(self.explain) if self.explain else self._full_name

    @property
    def _full_name(self) -> str:
        return f"{self.name};nulls=stripped" if self.strips_nulls else self.name

    def _plan_text(self, explain: Explain) -> str:
        text = f'{PLAN}+{"json" if explain.is_json else "text"}; for="{self._full_name}"'
        return f"{text}; options={'|'.join(explain.options)}" if explain.options else text


def parse_content_type(header: str | None) -> str:
    """Return the type without parameters; JSON without a header."""
    return header.partition(";")[0].strip().lower() if header else JSON


def negotiate(
    accept: str | None,
    handlers: Mapping[str, MediaHandler] | None = None,
    *,
    plan_enabled: bool = False,
) -> MediaType:
    """Return the first acceptable type of highest quality; raises PGRST107 if there is none.

    `handlers` are those of the requested resource by their media type; that of */* handles any.
    """
    wanted = [_parse(entry) for entry in _by_quality(accept)] if accept else [MediaType(ANY)]
    for media in wanted:
        if media.explain and not plan_enabled:
            continue
        if found := _resolve(media, handlers or {}):
            return found
    raise rest_error("PGRST107", accepted=", ".join(media.text for media in wanted))


def choose_handlers(handlers: Iterable[MediaHandler], own: object) -> Mapping[str, MediaHandler]:
    """Return the handlers for any resource and for `own`, whose come first."""
    chosen = {each.media_type: each for each in handlers if each.target is None}
    if own is not None:
        chosen |= {each.media_type: each for each in handlers if each.target == own}
    return chosen


def _resolve(media: MediaType, handlers: Mapping[str, MediaHandler]) -> MediaType | None:
    if media.name in {OBJECT, ARRAY}:
        return media
    of_any = handlers.get(ANY)
    handler = of_any if of_any and of_any.target else handlers.get(media.name)
    if handler:
        name = BYTES if handler.media_type == ANY else handler.media_type
        return MediaType(name, handler=handler, explain=media.explain)
    built_in = _BUILT_IN.get(media.name)
    return MediaType(built_in, explain=media.explain) if built_in else None


def _parse(entry: str) -> MediaType:
    name = parse_content_type(entry)
    name = _ALIASES.get(name, name)
    parameters = {
        found[1].lower(): found[3] if found[2] is None else found[2]
        for found in _PARAMETER.finditer(entry)
    }
    if name in {f"{PLAN}+text", f"{PLAN}+json"}:
        wanted = _parse(parameters.get("for", JSON))
        given = parameters.get("options", "").split("|")
        options = tuple(option for option in PLAN_OPTIONS if option in given)
        explain = Explain(name.endswith("json"), options)
        return MediaType(wanted.name, wanted.strips_nulls, explain=explain)
    strips_nulls = name in {OBJECT, ARRAY} and parameters.get("nulls") == "stripped"
    return MediaType(JSON if name == ARRAY and not strips_nulls else name, strips_nulls)


def _by_quality(accept: str) -> list[str]:
    entries = [entry.strip() for entry in accept.split(",") if entry.strip()]
    return sorted(entries, key=_quality, reverse=True)


def _quality(entry: str) -> float:
    found = next((each for each in _PARAMETER.finditer(entry) if each[1].lower() == "q"), None)
    try:
        return float(found[3]) if found else 1.0
    except (TypeError, ValueError):
        return 0.0


def accepts_openapi(accept: str | None) -> bool:
    names = [parse_content_type(entry) for entry in (accept or "*/*").split(",")]
    return any(name in {OPENAPI, JSON, "*/*"} for name in names)
