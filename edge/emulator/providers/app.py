"""The emulated providers as one ASGI app: /openai, /anthropic and /_faults."""

from starlette.applications import Starlette
from starlette.routing import Mount

from edge.emulator.providers.anthropic.app import create_anthropic_app
from edge.emulator.providers.fault_routes import fault_route
from edge.emulator.providers.faults import FaultQueue
from edge.emulator.providers.openai.app import create_openai_app


def create_app() -> Starlette:
    """A fresh one; nothing is shared between two of them but the engine's caches."""
    faults = FaultQueue()
    return Starlette(
        routes=[
            fault_route(faults),
            Mount("/openai", create_openai_app(faults)),
            Mount("/anthropic", create_anthropic_app(faults)),
        ]
    )
