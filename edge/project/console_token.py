"""The console's token: new at each start, in a file that only its owner can read."""

import os
import secrets
from pathlib import Path
from typing import Final

_FILE: Final = "console-token"


def write_token(state_dir: Path) -> str:
    """Make a token and store it in the state folder, for commands on this machine."""
    token = secrets.token_urlsafe(24)
    path = state_dir / _FILE
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(token)
    return token


def read_token(state_dir: Path) -> str | None:
    """Return the running stack's token, None if there is none."""
    try:
        return (state_dir / _FILE).read_text().strip() or None
    except OSError:
        return None
