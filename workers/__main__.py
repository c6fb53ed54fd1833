"""`python -m workers TYPE… --backend KIND`: run workers of these types in one process."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Sequence

from workers.backends.choose import KINDS, create_backend
from workers.process import WorkerProcess
from workers.settings import TYPES, Settings, SettingsError, environment, read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status."""
    options = _parse(arguments)
    try:
        settings = read_settings(
            tuple(dict.fromkeys(options.types)),
            options.backend,
            environment(),
            host=options.host,
            port=options.port,
            public_url=options.public_url,
        )
        backend = create_backend(options.backend, environment())
    except SettingsError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    return asyncio.run(_serve(settings, WorkerProcess(settings, backend)))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m workers", description=__doc__)
    parser.add_argument("types", nargs="+", metavar="TYPE", choices=TYPES, help=", ".join(TYPES))
    parser.add_argument("--backend", default="local", choices=KINDS)
    parser.add_argument("--host", help="Address to listen at [127.0.0.1]")
    parser.add_argument("--port", type=int, help="Port to listen at [PORT, else any]")
    parser.add_argument("--public-url", help="URL that the project reaches this worker at")
    return parser.parse_args(arguments)


async def _serve(settings: Settings, process: WorkerProcess) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as exc:
        sys.stderr.write(f"Port {settings.port} cannot be used: {exc}. Choose another: --port N\n")
        return 2
    with listener:
        await process.run(listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
