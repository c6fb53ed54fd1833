"""`edge console`: the console of a hosted project, for its operators."""

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import options
from edge.cli.console import remark

if TYPE_CHECKING:
    import socket

    from edge.operators.app import OperatorConsole


def console(
    workdir: options.Workdir = options.HERE,
    port: Annotated[
        int, typer.Option(min=1, max=65535, envvar="PORT", help="Port to listen on.")
    ] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    name: Annotated[
        str, typer.Option(envvar="EDGE_CONSOLE_NAME", help="Name that browsers reach it by.")
    ] = "",
    functions_url: Annotated[
        str, typer.Option(help="Where /functions/v1 is served, if not at SUPABASE_URL.")
    ] = "",
    env_file: options.EnvFile = None,
) -> None:
    """Serve the console of a hosted project to its operators: to read, and to write for some.

    Operators are users with app_metadata {"console": "read"} or {"console": "write"}.
    """
    from edge.operators.app import OperatorConsole
    from edge.operators.project import Project
    from edge.production.settings import load_production_settings
    from edge.production.supervisor import listen
    from edge.project.worker_environment import build_operator_environment

    settings = load_production_settings(workdir, port=port, host=host, env_file=env_file)
    assert settings.hosted is not None
    project = Project(
        settings.hosted.url,
        settings.publishable_key,
        settings.secret_key or settings.service_role_key,
        functions_url.rstrip("/"),
    )
    address = f"http://127.0.0.1:{port}"
    served = OperatorConsole(
        project,
        lambda token: build_operator_environment(settings, token, address),
        lambda event: None,
        frozenset(filter(None, (name,))),
        settings.trusted_proxies,
    )
    remark(f"The console of {settings.hosted.url}: http://{name or '127.0.0.1'}:{port}/console/")
    asyncio.run(_serve(served, listen(host, port)))


async def _serve(console: "OperatorConsole", listener: "socket.socket") -> None:
    from edge.gateway.server import Server
    from edge.gateway.upgrades import route_upgrades

    upgrades = route_upgrades({"/console": console.open_socket}, lambda: None)
    server = Server(console, upgrades=upgrades)
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    await server.start(listener)
    await ended.wait()
    await console.close()
    await server.close()
