"""Choose the account of the Postgres processes: ours, or `nobody` if we are root.

Postgres refuses to run as root. As `nobody` its processes keep CAP_DAC_OVERRIDE, so that a checkout
below a private folder works without changing permissions.
"""

import ctypes
import os
import pwd
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from edge.errors import EdgeError

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2  # otherwise access(2), which Postgres calls, drops the capability
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    if not sys.platform.startswith("linux"):
        raise EdgeError("Postgres refuses to run as root.", cure="Run this as an ordinary user.")
    return pwd.getpwnam("nobody")


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


def preexec(*, dies_with_parent: bool) -> Callable[[], None] | None:
    """Return the `preexec_fn` that switches to that account; None where none is needed.

    With `dies_with_parent` the kernel sends SIGINT, Postgres' "fast shutdown", when the thread that
    started the process ends: call from the main thread only.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    account = _unprivileged()
    capability = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(capability, capability, capability, 0, 0, 0)

    def enter() -> None:
        if account:
            libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
            libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)
            os.setgroups([])
            os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
            os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
            libc.capset(header, sets)
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
        if dies_with_parent:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return enter
