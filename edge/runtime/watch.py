"""Which functions a change on disk concerns: one, or all when what they share changes."""

from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch  # pyright: ignore[reportUnknownVariableType]

from edge.runtime.manifest import slug_of

_DEBOUNCE_MS = 50
_STEP_MS = 10


class _SourceFilter(DefaultFilter):
    """Leaves out what editors and Python itself write beside the sources."""

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not path.endswith((".swp", ".tmp", "~"))


async def watch(root: Path, *, polling: bool = False) -> AsyncIterator[dict[str | None, list[str]]]:
    """Yields the changed files by slug, relative to `root`; under None those that concern all."""
    folders = [folder for folder in (root / "functions", root / "shared") if folder.is_dir()]
    if not folders:
        return
    batches = awatch(
        *folders,
        watch_filter=_SourceFilter(),
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        force_polling=polling or None,
    )
    async for batch in batches:
        changes: dict[str | None, list[str]] = defaultdict(list)
        for _, name in batch:
            path = Path(name).relative_to(root)
            changes[_slug(path)].append(str(path))
        yield changes


def _slug(path: Path) -> str | None:
    match path.parts:
        case ("functions", folder, *_) if not folder.startswith("."):
            return slug_of(folder)
        case _:
            return None
