"""Checks that functions with separate accounts can be loaded, and cannot read secrets' files."""

import logging
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.runtime.launch.prctl import closed_folder

_LOG: Final = logging.getLogger(__name__)
_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def check_isolation(functions: Path, secret_files: Iterable[Path]) -> None:
    """Refuse what cannot work or would not protect; warn of what may not work."""
    if os.geteuid() != 0:
        raise EdgeError("Only root can give functions accounts of their own.", cure="sudo edge …")
    check_secret_files(functions, secret_files)
    if closed := closed_folder(functions):
        raise EdgeError(
            f"Other accounts may not enter {closed}, so no function could be loaded.",
            cure=f"chmod o+x {closed}",
        )
    for prefix in (sys.prefix, sys.base_prefix):
        if closed := closed_folder(Path(prefix)):
            _LOG.warning(
                "Other accounts may not enter %s: functions can import only what the zygote has.",
                closed,
            )


def check_secret_files(functions: Path, secret_files: Iterable[Path]) -> None:
    """Raise EdgeError if functions' accounts could read a file that holds others' secrets."""
    env_files = (*functions.glob(".env*"), *functions.glob("*/.env*"), *secret_files)
    if found := " ".join(str(path) for path in _open_files(env_files)):
        raise EdgeError(
            f"Functions could read each other's secrets in {found}.",
            cure=f"chmod 600 {found}",
        )


def _open_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        with suppress(OSError):
            mode = path.stat().st_mode
            if stat.S_ISREG(mode) and mode & _FOR_OTHERS:
                yield path
