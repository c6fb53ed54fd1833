"""The emulated providers as one ASGI app: /openai, /anthropic, /retell, /replicate and /_faults.

The lifespan's end stops simulated calls, webhook deliveries and the process that parses long JSON.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from edge.emulator.clock import Clock
from edge.emulator.providers.anthropic.app import create_anthropic_app
from edge.emulator.providers.body import BodyParser
from edge.emulator.providers.fault_routes import fault_route
from edge.emulator.providers.faults import FaultQueue
from edge.emulator.providers.openai.app import create_openai_app
from edge.emulator.providers.replicate.app import create_replicate_app
from edge.emulator.providers.replicate.emulator import ReplicateEmulator
from edge.emulator.providers.retell.app import create_retell_app
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.retell.simulation_config import SimulationConfig
from edge.project.providers import REPLICATE_WEBHOOK_SECRET


def create_app(
    config: SimulationConfig | None = None,
    clock: Clock | None = None,
    replicate_secret: str = REPLICATE_WEBHOOK_SECRET,
    replicate_url: str | None = None,
) -> Starlette:
    """Build the app with fresh state; `clock` drives the simulated phone calls.

    `replicate_url` is where clients reach the emulated Replicate, None: where their requests come.

    Two apps share only the engine's caches.
    """
    faults = FaultQueue()
    bodies = BodyParser()
    retell = RetellEmulator(faults, config or SimulationConfig(), clock=clock or Clock())

    replicate = ReplicateEmulator(faults, replicate_secret, replicate_url)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        yield
        await retell.close()
        await replicate.close()
        bodies.close()

    return Starlette(
        routes=[
            fault_route(faults),
            Mount("/openai", create_openai_app(faults, bodies)),
            Mount("/anthropic", create_anthropic_app(faults, bodies)),
            Mount("/retell", create_retell_app(retell, bodies)),
            Mount("/replicate", create_replicate_app(replicate, bodies)),
        ],
        lifespan=lifespan,
    )
