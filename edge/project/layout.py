"""Where a project is and where its functions are: the layouts of this tool and of Supabase's."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.project.config_toml import FunctionConfig

_MAIN: Final = "main.py"
_TYPESCRIPT: Final = ("index.ts", "index.tsx", "index.js", "index.mjs", "index.jsx")
_SCRIPTS: Final = frozenset((".ts", ".tsx", ".js", ".mjs", ".jsx"))
_SKIPPED: Final = frozenset(("node_modules", "dist", "build", "vendor", "target", "venv"))
_DEPTH: Final = 4
_MOST_LISTED: Final = 12
_MOST_FOLDERS: Final = 5000


def find_functions(root: Path) -> Path:
    """Return functions/ or supabase/functions/: the one with Python, else the one that exists."""
    own, cli = root / "functions", root / "supabase" / "functions"
    for folder in (own, cli):
        if any(folder.glob(f"*/{_MAIN}")):
            return folder
    return cli if cli.is_dir() and not (own.is_dir() and not any(cli.iterdir())) else own


def find_typescript(
    root: Path, configured: Mapping[str, FunctionConfig] | None = None
) -> dict[str, Path]:
    """Return the folders that hold a TypeScript function and no Python one, by name.

    `configured` are config.toml's settings: an entrypoint there may be anywhere.
    """
    found: dict[str, Path] = {}
    for name, config in (configured or {}).items():
        path = config.entrypoint
        if path and path.suffix in _SCRIPTS and path.is_file():
            found[name] = path.parent
    for folder in (root / "functions", root / "supabase" / "functions"):
        for path in sorted(folder.glob("*/index.*")):
            name = path.parent.name
            is_function = path.name in _TYPESCRIPT and not name.startswith((".", "_"))
            if is_function and not (path.parent / _MAIN).is_file():
                found.setdefault(name, path.parent)
    return {
        name: folder for name, folder in found.items() if not _is_python(root, name, configured)
    }


def _is_python(root: Path, name: str, configured: Mapping[str, FunctionConfig] | None) -> bool:
    config = (configured or {}).get(name)
    if config and config.entrypoint and config.entrypoint.suffix == ".py":
        return True
    return (find_functions(root) / name / _MAIN).is_file()


def is_project(folder: Path) -> bool:
    """Whether the folder holds a project: Supabase's files, edge.toml, or Python functions."""
    supabase = folder / "supabase"
    return (
        (supabase / "config.toml").is_file()
        or (supabase / "migrations").is_dir()
        or (supabase / "functions").is_dir()
        or (folder / "edge.toml").is_file()
        or any((folder / "functions").glob(f"*/{_MAIN}"))
    )


def find_project(start: Path) -> Path:
    """Return the project at `start`, above it, or the only one below it; else `start`.

    Raises EdgeError if there are several below.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if is_project(folder):
            return folder
    below = list(_projects_below(start))
    if len(below) > 1:
        names = "\n".join(f"  {folder.relative_to(start)}" for folder in below[:_MOST_LISTED])
        names += "\n  …" if len(below) > _MOST_LISTED else ""
        raise EdgeError(
            f"There are {len(below)} projects below {start}:\n{names}",
            cure="Change into one of them, or name it: --workdir DIR",
        )
    return below[0] if below else start


def _projects_below(start: Path) -> Iterator[Path]:
    """Yield folders with Supabase's files, not deep and not inside of packages."""
    for seen, (place, folders, _) in enumerate(os.walk(start)):
        folder = Path(place)
        depth = len(folder.relative_to(start).parts)
        if seen > _MOST_FOLDERS:
            return
        if depth and is_project(folder):
            yield folder
            folders.clear()
        elif depth >= _DEPTH:
            folders.clear()
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
