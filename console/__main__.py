"""`python -m console`: serves on the unix socket that the stack names, until the stack ends."""

import logging
import os
import signal
import sys
from threading import Thread

import uvicorn

from console.app import create_app
from console.settings import read_settings


def _end_with_parent() -> None:
    """End this process once standard input, a pipe of the stack's, is closed."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run(
        create_app(),
        uds=read_settings().socket,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,  # longer than the stack keeps one: none is closed as it is used
    )


if __name__ == "__main__":
    main()
