"""Which functions a change on disk concerns: one, or all when what they share changes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch  # pyright: ignore[reportUnknownVariableType]

from edge.project.layout import find_functions
from edge.project.manifest import slug_of

_DEBOUNCE_MS = 50
_STEP_MS = 10
_RETRY_SECONDS = 1.0

Changes = dict[str | None, list[str]]


class _SourceFilter(DefaultFilter):
    """Leaves out what editors and Python itself write beside the sources."""

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not path.endswith((".swp", ".tmp", "~"))


async def watch(root: Path, *, polling: bool = False) -> AsyncIterator[Changes]:
    """Yields the changed files by slug, relative to `root`; under None those that concern all.

    Folders behind symbolic links are followed, also such as appear later.
    """
    while True:
        places = _places(root)
        async for batch in _batches(places, polling=polling):
            changes: Changes = defaultdict(list)
            for _, name in batch:
                path = _logical(Path(name), places)
                changes[_slug(path)].append(str(path))
            yield changes
            if _places(root) != places:
                break


async def _batches(
    places: Mapping[Path, Path], *, polling: bool
) -> AsyncIterator[set[tuple[Change, str]]]:
    if not places:
        await asyncio.sleep(_RETRY_SECONDS)
        yield set()
        return
    async for batch in awatch(
        *places,
        watch_filter=_SourceFilter(),
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        force_polling=polling or None,
    ):
        yield batch


def _places(root: Path) -> dict[Path, Path]:
    """What to watch: each folder's real path, and its path as the project has it."""
    functions = find_functions(root)
    folders = [functions, root / "shared"]
    with suppress(OSError):
        folders += [entry for entry in functions.iterdir() if entry.is_symlink()]
    return {
        folder.resolve(): folder.relative_to(root) for folder in sorted(folders) if folder.is_dir()
    }


def _logical(path: Path, places: Mapping[Path, Path]) -> Path:
    """A real path as the project has it; of two places the inner one counts."""
    inside = [place for place in places if path.is_relative_to(place)]
    place = max(inside, key=lambda place: len(place.parts), default=None)
    return path if place is None else places[place] / path.relative_to(place)


def _slug(path: Path) -> str | None:
    match path.parts:
        case ("functions", folder, *_) | ("supabase", "functions", folder, *_) if not (
            folder.startswith(".")
        ):
            return slug_of(folder)
        case _:
            return None
