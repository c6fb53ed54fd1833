"""Checks the files that a worker reports against Storage: where, how large and what they are."""

import asyncio
import math
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.errors import BadInputError
from shared.media.file_type import SNIFFED_BYTES, detect_type
from shared.media.storage import WORKSPACE, Storage, is_plain_path

from .report import Report

_MOST: Final = 20
_FRAMES_PER_SECOND: Final = 16
_USUAL_SECONDS: Final = 5
_MAX_SIDE: Final = 100_000


@dataclass(frozen=True, slots=True)
class NamedAsset:
    """A file in the job's folder, as the worker describes it."""

    index: int
    path: str
    thumbnail_path: str | None
    is_video: bool
    seed: int
    model_used: str
    metadata: dict[str, Any]


def parse_assets(report: Report, job: dict[str, Any]) -> list[NamedAsset]:
    """Read paths and metadata. Raises BadInputError INVALID_ASSET or TOO_MANY_ASSETS."""
    if len(report.assets) > _MOST:
        raise BadInputError(
            f"A job has at most {_MOST} assets, not {len(report.assets):,}.",
            code="TOO_MANY_ASSETS",
        )
    folder = f"{job['user_id']}/{job['id']}/"
    found: list[NamedAsset] = []
    taken: set[str] = set()
    for place, asset in enumerate(report.assets):
        path = _read_path(asset.get("url") or asset.get("path"), folder)
        if path in taken:
            continue
        taken.add(path)
        thumbnail = asset.get("thumbnail_url") or asset.get("thumbnail_path")
        merged: dict[str, Any] = {**report.metadata, **_as_object(asset.get("metadata"))}
        index: Any = asset.get("index")
        is_index = isinstance(index, int) and 0 <= index < _MOST
        found.append(
            NamedAsset(
                index=index if is_index else place,
                path=path,
                thumbnail_path=_read_path(thumbnail, folder) if thumbnail else None,
                is_video=asset.get("type") == "video" or job["format"] == "video",
                seed=_read_seed(merged, job),
                model_used=_read_model(merged, job),
                metadata=merged,
            )
        )
    return found


async def check_assets(
    ctx: Context, named: list[NamedAsset]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the assets whose files are there, as rows, and the paths of the others."""
    storage = Storage(ctx.env.supabase)
    rows = await asyncio.gather(*(_check(storage, asset) for asset in named))
    missing = [asset.path for asset, row in zip(named, rows, strict=True) if row is None]
    return [row for row in rows if row is not None], missing


async def _check(storage: Storage, asset: NamedAsset) -> dict[str, Any] | None:
    file = await storage.read_start(WORKSPACE, asset.path, SNIFFED_BYTES)
    media_type = detect_type(file.start) if file else None
    if file is None or media_type is None:
        return None
    thumbnail = asset.thumbnail_path
    if thumbnail and await storage.read_start(WORKSPACE, thumbnail, SNIFFED_BYTES) is None:
        thumbnail = None
    is_animation = asset.is_video and media_type == "image/webp"
    kind = "video" if is_animation else media_type.partition("/")[0]
    return {
        "asset_type": kind,
        "path": asset.path,
        "thumbnail_path": thumbnail,
        "file_size_bytes": file.size,
        "mime_type": media_type,
        "duration_seconds": _read_duration(asset.metadata) if kind == "video" else None,
        "asset_index": asset.index,
        "seed": asset.seed,
        "model_used": asset.model_used,
        "settings": asset.metadata,
        "width": _read_side(asset.metadata.get("width")),
        "height": _read_side(asset.metadata.get("height")),
    }


def _read_path(given: object, folder: str) -> str:
    path = given.lstrip("/").removeprefix(f"{WORKSPACE}/") if isinstance(given, str) else ""
    if not path.startswith(folder) or not is_plain_path(path):
        raise BadInputError(
            "An asset's url must be a path in the job's folder: <user>/<job>/<file>.",
            code="INVALID_ASSET",
        )
    return path


def _read_seed(metadata: dict[str, Any], job: dict[str, Any]) -> int:
    for given in (metadata.get("seed"), _as_object(job.get("metadata")).get("seed")):
        if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 1 << 62:
            return given
    return 0


def _read_model(metadata: dict[str, Any], job: dict[str, Any]) -> str:
    given = metadata.get("model_used") or metadata.get("model")
    if isinstance(given, str) and 0 < len(given) <= 200:
        return given
    return job.get("model_type") or ("wan" if job["format"] == "video" else "sdxl")


def _read_duration(metadata: dict[str, Any]) -> float:
    for name in ("duration", "duration_seconds"):
        given = metadata.get(name)
        if isinstance(given, int | float) and 0 < given < 1_000_000:
            return round(float(given), 3)
    frames = metadata.get("frame_num")
    if isinstance(frames, int) and 0 < frames < 1_000_000:
        return math.ceil(frames / _FRAMES_PER_SECOND)
    return _USUAL_SECONDS


def _as_object(given: object) -> dict[str, Any]:
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _read_side(given: object) -> int | None:
    return given if isinstance(given, int) and 0 < given < _MAX_SIDE else None
