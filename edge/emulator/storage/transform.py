"""Transform images in a few worker processes, with a bounded cache of results.

A source is at most 25 MB and 50 megapixels. Callers take turns: one with many images, or with slow
ones, leaves a process to the others.
"""

import asyncio
import math
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from edge.emulator.bounded_process import BoundedProcess, ProcessEndedError
from edge.emulator.fair_turns import FairTurns, TooManyWaitingError
from edge.emulator.storage.errors import StorageError, invalid_request, storage_error
from edge.emulator.storage.files import FileStore
from edge.emulator.storage.rendering import Options, Resize, UnsupportedImageError, render_file

_MAX_SOURCE: Final = 25 * 1024 * 1024
_MAX_CACHE: Final = 32 * 1024 * 1024
_MAX_SIDE: Final = 2000
_PROCESSES: Final = max(2, min(4, os.cpu_count() or 2))
_WAITING_EACH: Final = 100
_SECONDS: Final = 15.0
_MEMORY: Final = 1500 * 1024 * 1024
_RESIZES: Final = ("cover", "contain", "fill")
_FORMATS: Final = ("origin", "avif", "webp")
_GRAVITIES: Final = ("no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "ce", "sm", "fp")
_RESIZING_TYPES: Final = {"cover": "fill", "contain": "fit", "fill": "force"}


def _unsupported() -> StorageError:
    return invalid_request(
        "The source image is invalid or unsupported for rendering", "InvalidRequest"
    )


def read_options(query: Mapping[str, Any], accept: str, place: str = "querystring") -> Options:
    """Parse a query, or the body's `transform`. Raises InvalidRequest.

    Without a format the source's is kept, or WebP is taken if the client accepts it.
    """
    resize = query.get("resize") or "cover"
    chosen, gravity = query.get("format") or "", query.get("gravity") or ""
    for name, value, allowed in (
        ("resize", resize, _RESIZES),
        ("format", chosen or "origin", _FORMATS),
        ("gravity", gravity or "ce", _GRAVITIES),
    ):
        if value not in allowed:
            raise invalid_request(f"{place}/{name} must be equal to one of the allowed values")
    if not chosen and "image/webp" in accept:
        chosen = "webp"
    return Options(
        _side(query, "width", place),
        _side(query, "height", place),
        cast("Resize", resize),
        _quality(query, place),
        "" if chosen == "origin" else chosen,
        gravity,
        _offset(query, gravity, place),
    )


def _offset(query: Mapping[str, Any], gravity: str, place: str) -> tuple[float, float]:
    found: list[float] = []
    for name in ("x_offset", "y_offset"):
        given = query.get(name)
        if given is None and gravity == "fp":
            raise invalid_request(f"{place} must have required property '{name}'")
        try:
            value = float(given or 0)
        except (TypeError, ValueError) as exc:
            raise invalid_request(f"{place}/{name} must be number") from exc
        if not math.isfinite(value):
            raise invalid_request(f"{place}/{name} must be number")
        if gravity == "fp" and not 0 <= value <= 1:
            raise invalid_request(f"{place}/{name} must be {'>= 0' if value < 0 else '<= 1'}")
        found.append(value)
    return (found[0], found[1]) if gravity != "sm" else (0.0, 0.0)


def _integer(query: Mapping[str, Any], name: str, default: int, place: str) -> int:
    try:
        return int(str(query.get(name, default))[:9])
    except ValueError as exc:
        raise invalid_request(f"{place}/{name} must be integer") from exc


def _side(query: Mapping[str, Any], name: str, place: str) -> int:
    side = _integer(query, name, 0, place)
    if side < 0:
        raise invalid_request(f"{place}/{name} must be >= 0")
    return min(side, _MAX_SIDE)


def _quality(query: Mapping[str, Any], place: str) -> int:
    quality = _integer(query, "quality", 80, place)
    if quality < 20:
        raise invalid_request(f"{place}/quality must be >= 20")
    if quality > 100:
        raise invalid_request(f"{place}/quality must be <= 100")
    return quality


def describe_options(query: Mapping[str, Any], options: Options) -> str:
    """Return the header X-Transformations: what of the query was applied, in imgproxy's words."""
    parts = [
        f"{name}:{side}"
        for name, side in (("height", options.height), ("width", options.width))
        if side
    ]
    if parts:
        parts.append(f"resizing_type:{_RESIZING_TYPES[options.resize]}")
    if query.get("quality"):
        parts.append(f"quality:{options.quality}")
    if (query.get("format") or "origin") != "origin":
        parts.append(f"format:{options.format}")
    if options.gravity:
        has_offset = options.gravity != "sm" and ("x_offset" in query or "y_offset" in query)
        places = [f"{each:g}" for each in options.offset] if has_offset else []
        parts.append(":".join(("gravity", options.gravity, *places)))
    return ",".join(parts)


@dataclass(slots=True)
class Transformer:
    """Renders versions of objects in a few processes, which callers share fairly."""

    files: FileStore
    _idle: list[BoundedProcess] = field(init=False)
    _turns: FairTurns = field(init=False)
    _cache: "OrderedDict[tuple[str, Options], tuple[bytes, str]]" = field(
        default_factory=OrderedDict, init=False
    )
    _cached: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._idle = [BoundedProcess(_SECONDS, _MEMORY) for _ in range(_PROCESSES)]
        self._turns = FairTurns(_PROCESSES, max(1, _PROCESSES - 1), _WAITING_EACH)

    async def transform(self, version: str, options: Options, caller: str) -> tuple[bytes, str]:
        """Return the image's bytes and MIME type. Raises InvalidRequest for no image."""
        known = self._find(version, options)
        if known:
            return known
        if await self.files.size(version) > _MAX_SOURCE:
            raise _unsupported()
        try:
            async with self._turns.turn(caller):
                return self._find(version, options) or await self._render(version, options)
        except TooManyWaitingError as exc:
            raise storage_error("SlowDown") from exc

    def close(self) -> None:
        for process in self._idle:
            process.close()

    def _find(self, version: str, options: Options) -> tuple[bytes, str] | None:
        known = self._cache.get((version, options))
        if known:
            self._cache.move_to_end((version, options))
        return known

    async def _render(self, version: str, options: Options) -> tuple[bytes, str]:
        process = self._idle.pop()
        try:
            rendered = await process.call(render_file, self.files.path(version), options)
        except (UnsupportedImageError, ProcessEndedError) as exc:
            raise _unsupported() from exc
        except asyncio.CancelledError:
            process.close()  # its result is not needed
            raise
        finally:
            self._idle.append(process)
        self._remember((version, options), rendered)
        return rendered

    def _remember(self, key: tuple[str, Options], rendered: tuple[bytes, str]) -> None:
        self._cache[key] = rendered
        self._cached += len(rendered[0])
        while self._cached > _MAX_CACHE:
            _, (data, _) = self._cache.popitem(last=False)
            self._cached -= len(data)
