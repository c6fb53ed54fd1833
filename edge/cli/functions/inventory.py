"""Rows of `edge functions list`, with the columns of the Supabase CLI."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from edge.cli.functions.lookup import require_functions
from edge.project.config_toml import read_config
from edge.project.environment import environ_or_default
from edge.project.layout import find_typescript
from edge.project.manifest import Function

COLUMNS: Final = ("ID", "NAME", "SLUG", "STATUS", "VERSION", "UPDATED_AT", "VERIFY_JWT")
_VERSION_DIGITS: Final = 12


def list_all(root: Path) -> list[dict[str, str]]:
    """Return the rows of the project's functions, Python's first. Raises EdgeError outside one."""
    config = read_config(root / "supabase" / "config.toml", environ_or_default(None))
    rows = [describe_function(function) for function in require_functions(root).values()]
    for name, folder in find_typescript(root, config.functions).items():
        settings = config.functions.get(name)
        verify_jwt = settings is None or settings.verify_jwt is not False
        rows.append(describe_typescript(name, folder, verify_jwt=verify_jwt))
    return rows


def describe_typescript(name: str, folder: Path, *, verify_jwt: bool) -> dict[str, str]:
    """Return the row of a TypeScript function, which another runtime serves."""
    files = list(_files(folder))
    updated = max((path.stat().st_mtime for path in files), default=0.0)
    return {
        "id": str(uuid5(NAMESPACE_URL, f"edge-function:{name}")),
        "name": name,
        "slug": name,
        "status": "TYPESCRIPT",
        "version": _digest(folder, files),
        "updated_at": datetime.fromtimestamp(updated, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "verify_jwt": str(verify_jwt).lower(),
    }


def describe_function(function: Function) -> dict[str, str]:
    """Return the row. The id depends on the slug only; the version is a digest of its files."""
    files = list(_files(function.folder))
    updated = max((path.stat().st_mtime for path in files), default=0.0)
    return {
        "id": str(uuid5(NAMESPACE_URL, f"edge-function:{function.slug}")),
        "name": function.slug if function.entrypoint else function.folder.name,
        "slug": function.slug,
        "status": _status(function),
        "version": _digest(function.folder, files),
        "updated_at": datetime.fromtimestamp(updated, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "verify_jwt": str(function.manifest.verify_jwt).lower(),
    }


def _status(function: Function) -> str:
    if function.fault:
        return "FAULTY"
    return "ACTIVE" if function.manifest.enabled else "DISABLED"


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that are deployed: no caches, no hidden files."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not is_hidden:
            yield path


def _digest(folder: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:_VERSION_DIGITS]
