"""Chat backend: `python -m backend`."""

import logging
import os
import sys

import uvicorn

from backend.chat.app import make_app
from backend.chat.settings import SettingsError, read_settings


def main() -> int:
    """Serve until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = read_settings(os.environ)
        app = make_app(settings)
    except SettingsError as exc:
        sys.stderr.write(f"✗ {exc}\n")
        return 2
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=5,
        ws_max_size=2 << 20,
        ws_per_message_deflate=False,  # its buffers are most of the memory of an idle client
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
