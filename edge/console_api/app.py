"""The console's API as one Starlette app: each module below contributes `ROUTES`."""

from typing import Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from edge.console_api import (
    audit,
    bulk,
    failures,
    forwarding,
    functions,
    invoke,
    logs,
    processes,
    providers,
    realtime,
    replay,
    requests,
    saved,
    schedules,
    settings,
    status,
    streams,
    users,
)
from edge.console_api.context import ConsoleContext
from edge.console_api.errors import EXCEPTION_HANDLERS
from edge.console_api.sql import routes as sql
from edge.console_api.tables import routes as tables

_MODULES: Final = (
    status,
    streams,
    requests,
    replay,
    invoke,
    bulk,
    logs,
    failures,
    functions,
    saved,
    processes,
    sql,
    tables,
    audit,
    users,
    forwarding,
    schedules,
    providers,
    realtime,
    settings,
)
"""Modules with a list of routes each, `ROUTES`; their handlers get the stack by `context_of`."""


def create_console_api(context: ConsoleContext) -> Starlette:
    """Return the app; paths are relative to /console/api."""
    routes: list[BaseRoute] = [route for module in _MODULES for route in module.ROUTES]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    app.state.context = context
    return app
