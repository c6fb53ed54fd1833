"""The gateway and the runtime alone, without a database."""

import argparse
import asyncio
import os
import signal
import socket
from pathlib import Path

import uvloop

from edge.events import Event
from edge.gateway.app import FUNCTIONS, Gateway
from edge.gateway.server import Server
from edge.project.manifest import Function
from edge.project.settings import DEFAULT_JWT_SECRET
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig
from edge.tokens import Keys
from tests.support.processes import ROOT


def environment(function: Function) -> dict[str, str]:
    """A worker's environment: PATH and its slug."""
    return {"PATH": os.environ["PATH"], "SUPABASE_FUNCTION_SLUG": function.slug}


def observe(_event: Event) -> None:
    """Ignore the event."""


async def serve(port: int, root: Path, *, reload: bool) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = RuntimeConfig(
        root, Keys(DEFAULT_JWT_SECRET), environment, dict(os.environ), reload=reload
    )
    app = FunctionsApp(config, observe)
    app.start()
    is_stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, is_stopped.set)
    server = Server(Gateway({FUNCTIONS: app}, {}))
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
        await server.start(listener)
        await is_stopped.wait()
        await server.close()
    await app.close()


def main() -> None:
    """Serve the functions below ROOT/functions on PORT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("root", type=Path, nargs="?", default=ROOT / "bench")
    parser.add_argument("--reload", action="store_true")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options.port, options.root.resolve(), reload=options.reload))


if __name__ == "__main__":
    main()
