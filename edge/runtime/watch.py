"""The files that changed on disk, and the functions in whose folders they are."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch  # pyright: ignore[reportUnknownVariableType]

from edge.project.layout import find_functions
from edge.project.manifest import FILE, slug_of

_DEBOUNCE_MS = 50
_STEP_MS = 10
_RETRY_SECONDS = 1.0
_CLOCK_STEP_NS = 20_000_000  # the kernel stamps files with the time of its last tick


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


async def watch(
    root: Path, since_ns: int, *, polling: bool = False
) -> AsyncGenerator[list[Changed]]:
    """Yields what changed since `since_ns` (Unix time) in the folders of functions and in shared/.

    Folders behind symbolic links are followed, also such as appear later. What changed before a
    watcher was set up, at the start or because of such a folder, is found by the files' times.
    """
    while True:
        places = _places(root)
        async with aclosing(_batches(places, since_ns, polling=polling)) as batches:
            async for batch in batches:
                since_ns = time.time_ns()
                yield _without_folders(batch, places)
                if _places(root) != places:
                    break


async def _batches(
    places: Mapping[Path, Path], since_ns: int, *, polling: bool
) -> AsyncGenerator[set[tuple[Change, str]]]:
    if not places:
        await asyncio.sleep(_RETRY_SECONDS)
        yield set()
        return
    only_sources = _SourceFilter()
    reports = awatch(
        *places,
        watch_filter=only_sources,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        force_polling=polling or None,
    )
    report = asyncio.ensure_future(anext(reports))
    try:
        await asyncio.sleep(0)  # sets the watcher up
        yield await asyncio.to_thread(
            _changed_since, since_ns - _CLOCK_STEP_NS, places, only_sources
        )
        while True:
            yield await report
            report = asyncio.ensure_future(anext(reports))
    finally:
        report.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await report
        await reports.aclose()


def _changed_since(
    since_ns: int, places: Iterable[Path], is_wanted: Callable[[Change, str], bool]
) -> set[tuple[Change, str]]:
    """Return the files and folders below `places` that were written, moved or linked since then."""
    found = set[tuple[Change, str]]()
    for place in places:
        for folder, folders, files in os.walk(place):
            paths = [os.path.join(folder, name) for name in (*folders, *files)]
            wanted = {path for path in paths if is_wanted(Change.added, path)}
            folders[:] = [name for name in folders if os.path.join(folder, name) in wanted]
            for path in wanted:
                with suppress(OSError):
                    if os.lstat(path).st_ctime_ns >= since_ns:
                        found.add((Change.added, path))
    return found


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
