"""Runs a stack in this terminal until a signal stops it."""

import asyncio
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


class Manner(NamedTuple):
    """Formats of the announcement and of the log."""

    output: Format = "pretty"
    log_format: LogFormat = "text"


def serve(settings: Settings, manner: Manner) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    # The event loop answers requests, threads beside it write logs and emulate models: it shall
    # not wait the usual five milliseconds for one of them whenever it has waited for the network.
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = _checked(settings)
    if settings.hosted:
        settings = replace(settings, hosted=with_published_keys(settings.hosted))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, manner))


def _checked(settings: Settings) -> Settings:
    """The same with names as slugs, once it is sure that all of them are functions."""
    require_functions(settings.root)
    only = tuple(find_function(settings.root, name).slug for name in settings.only)
    inspect = settings.inspect and find_function(settings.root, settings.inspect).slug
    if inspect and only and inspect not in only:
        raise EdgeError(
            f"{inspect} is to be inspected, but is not among the functions that are served.",
            cure=f"Name it as well: edge functions serve {' '.join((*only, inspect))}",
        )
    return replace(settings, only=only, inspect=inspect)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fast event loop, where there is one."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


async def _serve(settings: Settings, manner: Manner) -> None:
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # failed statements are answers to us
    stop_asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, stop_asked.set)
    terminal = EventQueue(terminal_observer(remarks, manner.log_format).write)
    terminal.start()
    stack = Stack(settings, terminal, reload=settings.reload)
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(stop_asked.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    try:
        await starting
        announce(stack, as_json=manner.output == "json")
        await stopping
        remark("\nStopping …", "dim")
    except asyncio.CancelledError:
        return
    finally:
        stopping.cancel()
        await stack.close()
        terminal.close()
