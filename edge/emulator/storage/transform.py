"""Transform images in one worker process, with a bounded cache of results.

A source is at most 25 MB and 50 megapixels; requests wait for their turn.
"""

import asyncio
import multiprocessing
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any, Final, cast

from edge.emulator.storage.errors import StorageError, invalid_request
from edge.emulator.storage.files import FileStore
from edge.emulator.storage.rendering import Options, Resize, UnsupportedImageError, render

_MAX_SOURCE: Final = 25 * 1024 * 1024
_MAX_CACHE: Final = 32 * 1024 * 1024
_MAX_SIDE: Final = 2000
_RENDERS_PER_PROCESS: Final = 200
_SECONDS: Final = 30.0
_RESIZES: Final = ("cover", "contain", "fill")
_FORMATS: Final = ("origin", "avif", "webp")
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
    chosen = query.get("format") or ""
    for name, value, allowed in (
        ("resize", resize, _RESIZES),
        ("format", chosen or "origin", _FORMATS),
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
    )


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
    return ",".join(parts)


@dataclass(slots=True)
class Transformer:
    """Renders versions of objects; the process is started by the first request."""

    files: FileStore
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)
    _cache: "OrderedDict[tuple[str, Options], tuple[bytes, str]]" = field(
        default_factory=OrderedDict, init=False
    )
    _cached: int = field(default=0, init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def transform(self, version: str, options: Options) -> tuple[bytes, str]:
        """Return the image's bytes and MIME type. Raises InvalidRequest for no image."""
        async with self._turn:  # so that one source at a time is in memory
            known = self._cache.get((version, options))
            if known:
                self._cache.move_to_end((version, options))
                return known
            size = await self.files.size(version)
            if size > _MAX_SOURCE:
                raise _unsupported()
            source = b"".join([chunk async for chunk in self.files.read(version, 0, size)])
            rendered = await self._render(source, options)
            self._remember((version, options), rendered)
            return rendered

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _render(self, source: bytes, options: Options) -> tuple[bytes, str]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), max_tasks_per_child=_RENDERS_PER_PROCESS
            )
        loop = asyncio.get_running_loop()
        try:
            work = loop.run_in_executor(self._pool, render, source, options)
            return await asyncio.wait_for(work, _SECONDS)
        except UnsupportedImageError as exc:
            raise _unsupported() from exc
        except (BrokenProcessPool, TimeoutError) as exc:
            self._restart()
            raise _unsupported() from exc

    def _restart(self) -> None:
        """Replace a process that died or takes too long."""
        if self._pool:
            for process in list((self._pool._processes or {}).values()):  # pyright: ignore[reportPrivateUsage]
                process.kill()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _remember(self, key: tuple[str, Options], rendered: tuple[bytes, str]) -> None:
        self._cache[key] = rendered
        self._cached += len(rendered[0])
        while self._cached > _MAX_CACHE:
            _, (data, _) = self._cache.popitem(last=False)
            self._cached -= len(data)
