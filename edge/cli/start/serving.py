"""Run a stack in this terminal until Ctrl-C or SIGTERM."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, NamedTuple

from edge.cli.console import remark, remarks
from edge.cli.functions.lookup import find_function, require_functions
from edge.cli.options import Format, LogFormat
from edge.cli.start.announcement import announce
from edge.cli.start.terminal import terminal_observer
from edge.errors import EdgeError
from edge.logs.queue import EventQueue
from edge.project.hosted import with_published_keys
from edge.project.settings import Settings
from edge.stack import Stack

_SWITCH_SECONDS: Final = 0.0001


class OutputFormat(NamedTuple):
    """Format of the announcement on standard output, and of the log on standard error."""

    output: Format = "pretty"
    log_format: LogFormat = "text"


def serve(settings: Settings, formats: OutputFormat) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    # Threads beside the event loop write logs and emulate models. With the default interval of 5 ms
    # the loop would wait that long for the GIL each time it returns from waiting for the network.
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = _checked(settings)
    if settings.hosted:
        settings = replace(settings, hosted=with_published_keys(settings.hosted))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, formats))


def _checked(settings: Settings) -> Settings:
    """Return the settings with names as slugs. Raises EdgeError for an unknown function."""
    require_functions(settings.root)
    only = tuple(find_function(settings.root, name).slug for name in settings.only)
    inspect = settings.inspect and find_function(settings.root, settings.inspect).slug
    if inspect and only and inspect not in only:
        raise EdgeError(
            f"--inspect {inspect} is not among the functions to serve.",
            cure=f"Add it: edge functions serve {' '.join((*only, inspect))}",
        )
    return replace(settings, only=only, inspect=inspect)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop factory, None if it is not installed."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


async def _serve(settings: Settings, formats: OutputFormat) -> None:
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # failed statements become responses
    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, stop_requested.set)
    terminal = EventQueue(terminal_observer(remarks, formats.log_format).write)
    terminal.start()
    stack = Stack(settings, terminal, reload=settings.reload)
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(stop_requested.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    try:
        await starting
        gc.freeze()  # full collections need not look at what stays, which would take tens of ms
        announce(stack, as_json=formats.output == "json")
        await stopping
        remark("\nStopping …", "dim")
    except asyncio.CancelledError:
        return
    finally:
        stopping.cancel()
        await stack.close()
        terminal.close()
