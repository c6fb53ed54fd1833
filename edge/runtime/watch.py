"""The files that changed on disk, and the functions in whose folders they are."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch  # pyright: ignore[reportUnknownVariableType]

from edge.project.layout import find_functions
from edge.project.manifest import FILE, slug_of

_DEBOUNCE_MS = 50
_STEP_MS = 10
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Changed:
    """A file or folder that was added, written or removed; `path` is relative to the project."""

    path: Path
    real_path: str

    @property
    def slug(self) -> str | None:
        """Return the function in whose folder it is; None if it is in none."""
        match self.path.parts:
            case ("functions", folder, *_) | ("supabase", "functions", folder, *_) if not (
                folder.startswith(".")
            ):
                return slug_of(folder)
            case _:
                return None

    @property
    def is_setting(self) -> bool:
        """Whether it is a function.toml or an env file."""
        return self.path.name == FILE or self.path.name.startswith(".env")


class _SourceFilter(DefaultFilter):
    """Leaves out what editors and Python itself write beside the sources."""

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not path.endswith((".swp", ".tmp", "~"))


async def watch(root: Path, *, polling: bool = False) -> AsyncIterator[list[Changed]]:
    """Yields what changed in the folders of functions and in shared/.

    Folders behind symbolic links are followed, also such as appear later.
    """
    while True:
        places = _places(root)
        async for batch in _batches(places, polling=polling):
            yield _without_folders(batch, places)
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


def _without_folders(batch: set[tuple[Change, str]], places: Mapping[Path, Path]) -> list[Changed]:
    """Return the changes; that of a folder counts only if it is new or gone."""
    return [
        Changed(_logical(Path(name), places), os.path.realpath(name))
        for change, name in batch
        if change is not Change.modified or not os.path.isdir(name)
    ]


def _places(root: Path) -> dict[Path, Path]:
    """Return what to watch: each folder's real path, and its path as the project has it."""
    functions = find_functions(root)
    folders = [functions, root / "shared"]
    with suppress(OSError):
        folders += [entry for entry in functions.iterdir() if entry.is_symlink()]
    return {
        folder.resolve(): folder.relative_to(root) for folder in sorted(folders) if folder.is_dir()
    }


def _logical(path: Path, places: Mapping[Path, Path]) -> Path:
    """Return a real path as the project has it; of two places the inner one counts."""
    inside = [place for place in places if path.is_relative_to(place)]
    place = max(inside, key=lambda place: len(place.parts), default=None)
    return path if place is None else places[place] / path.relative_to(place)
