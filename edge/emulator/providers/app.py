"""The emulated providers as one ASGI app: /openai, /anthropic, /retell and /_faults.

Calls that are under way end with the app's lifespan.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from edge.emulator.providers.anthropic.app import create_anthropic_app
from edge.emulator.providers.fault_routes import fault_route
from edge.emulator.providers.faults import FaultQueue
from edge.emulator.providers.openai.app import create_openai_app
from edge.emulator.providers.retell.app import create_retell_app
from edge.emulator.providers.retell.clock import Clock
from edge.emulator.providers.retell.conditions import Conditions
from edge.emulator.providers.retell.emulator import RetellEmulator


def create_app(calls: Conditions | None = None, clock: Clock | None = None) -> Starlette:
    """A fresh one; nothing is shared between two of them but the engine's caches. Phone calls live
    by `clock`."""
    faults = FaultQueue()
    retell = RetellEmulator(faults, calls or Conditions(), clock=clock or Clock())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        yield
        await retell.close()

    return Starlette(
        routes=[
            fault_route(faults),
            Mount("/openai", create_openai_app(faults)),
            Mount("/anthropic", create_anthropic_app(faults)),
            Mount("/retell", create_retell_app(retell)),
        ],
        lifespan=lifespan,
    )
