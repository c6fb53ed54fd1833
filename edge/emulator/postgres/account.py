"""Choose the account of the Postgres processes: ours, or `nobody` without any capability as root.

Postgres refuses to run as root. `nobody` may not enter a checkout below a private folder: the data
folder is therefore its working directory when it starts, and is named as such; the programs are
copied to where it may enter (see install.py).
"""

import os
import pwd
import signal
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from edge.errors import EdgeError
from edge.operating_system import (
    IS_LINUX,
    become_account,
    renounce_privileges,
    signal_when_parent_dies,
    working_folder,
)


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    if working_folder() is None:
        raise EdgeError("Postgres refuses to run as root.", cure="Run this as an ordinary user.")
    return pwd.getpwnam("nobody")


def is_another() -> bool:
    """Whether Postgres runs as another account than we do."""
    return _unprivileged() is not None


def data_argument(data_dir: Path) -> str:
    """The name by which a server whose working directory is `data_dir` can enter it."""
    return (_unprivileged() and working_folder()) or str(data_dir)


def login_names() -> tuple[str, ...]:
    """The operating system's accounts that may log in to the server over its socket."""
    return tuple({pwd.getpwuid(os.geteuid()).pw_name, "root"})


def temporary_folder() -> Path:
    """The system's temporary folder, or /tmp if Postgres may not enter that one."""
    folder = Path(tempfile.gettempdir())
    return folder if may_enter(folder) else Path("/tmp")  # noqa: S108 - `own` checks what is in it


def may_enter(folder: Path) -> bool:
    """Whether the account of Postgres can reach what is in `folder`."""
    if not _unprivileged():
        return True
    folder = folder.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def own(folder: Path) -> None:
    """Create `folder`, owned by and private to the account of Postgres; raises EdgeError."""
    account = _unprivileged()
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.lstat()
    owners = {os.geteuid(), account.pw_uid if account else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise EdgeError(
            f"{folder} belongs to another user, so Postgres cannot use it.", cure=f"Remove {folder}"
        )
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)


def give(file: Path) -> None:
    """Let the account of Postgres, and no other, read `file`."""
    file.chmod(0o600)
    if account := _unprivileged():
        os.chown(file, account.pw_uid, account.pw_gid)


def preexec(*, dies_with_parent: bool) -> Callable[[], None] | None:
    """Return the `preexec_fn` that switches to that account; None where none is needed.

    With `dies_with_parent` the kernel sends SIGINT, Postgres' "fast shutdown", when the thread that
    started the process ends: call from the main thread only.
    """
    account = _unprivileged()
    if not account and not IS_LINUX:
        return None
    renounce = renounce_privileges(has_capabilities=account is not None)
    die = signal_when_parent_dies(signal.SIGINT)

    def enter() -> None:
        if account:
            become_account(account.pw_uid, account.pw_gid)
        renounce()
        if dies_with_parent:
            die()

    return enter
