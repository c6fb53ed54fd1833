"""Choose the account of the Postgres processes: ours, or `nobody` without any capability as root.

Postgres refuses to run as root. `nobody` may not enter a checkout below a private folder: the data
folder is therefore its working directory when it starts, and is named `/proc/self/cwd`; the
programs are copied to where it may enter (see install.py).
"""

import ctypes
import os
import pwd
import signal
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.errors import EdgeError

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522
_WORKING_DIRECTORY: Final = "/proc/self/cwd"


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    if not sys.platform.startswith("linux"):
        raise EdgeError("Postgres refuses to run as root.", cure="Run this as an ordinary user.")
    return pwd.getpwnam("nobody")


def is_another() -> bool:
    """Whether Postgres runs as another account than we do."""
    return _unprivileged() is not None


def data_argument(data_dir: Path) -> str:
    """The name by which a server whose working directory is `data_dir` can enter it."""
    return _WORKING_DIRECTORY if _unprivileged() else str(data_dir)


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
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    account = _unprivileged()
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    no_capabilities = (ctypes.c_uint32 * 6)()

    def enter() -> None:
        if account:
            os.setgroups([])
            os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
            os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
            if libc.capset(header, no_capabilities):
                os._exit(1)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if dies_with_parent:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return enter
