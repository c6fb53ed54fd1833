"""`edge serve`: only the gateway and the runtime, as a container runs them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import options
from edge.errors import EdgeError

if TYPE_CHECKING:
    from pathlib import Path

    from edge.telemetry.settings import TelemetrySettings


def serve(  # noqa: PLR0913 - each is an option of the command
    *,
    production: Annotated[
        bool, typer.Option("--production", help="Required; there is no other mode.")
    ] = False,
    workdir: options.Workdir = options.HERE,
    port: Annotated[
        int, typer.Option(min=0, max=65535, envvar="PORT", help="Port to listen on.")
    ] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",  # noqa: S104
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="Gateway processes. [one per core]")
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that running requests get at shutdown.")
    ] = 8.0,
    trace_project: Annotated[
        str, typer.Option(envvar="GOOGLE_CLOUD_PROJECT", help="The project that traces belong to.")
    ] = "",
    key_seconds: Annotated[
        float, typer.Option(min=0.1, help="Seconds between fetches of the project's JWKS.")
    ] = 300.0,  # Auth publishes a key well before it signs with it
    front: Annotated[
        bool,
        typer.Option(
            "--front",
            envvar="EDGE_FRONT",
            help="Pass /rest, /auth, /storage, /realtime and /graphql to SUPABASE_URL as well.",
        ),
    ] = False,
    env_file: options.EnvFile = None,
    limits: options.LimitsChoice = "hosted",
) -> None:
    """Serve all functions against a real project: no emulator, no reload, logs as JSON.

    SUPABASE_URL, its keys and the functions' secrets come from the environment.
    """
    from edge.operating_system import count_cpus
    from edge.production.settings import Instance, load_production_settings, with_keys
    from edge.production.supervisor import Supervisor, listen
    from edge.project.environment import project_variables

    if not production:
        raise EdgeError(
            "`edge serve` is for production.",
            cure="Use edge serve --production, or on your machine edge start.",
        )
    settings = load_production_settings(workdir, port=port, host=host, env_file=env_file)
    variables = project_variables(env_file=env_file)
    settings = with_keys(settings, has_secret=bool(variables.get("SUPABASE_JWT_SECRET")))
    instance = Instance(
        settings=replace(settings, limits=limits),
        processes=processes or count_cpus(),
        grace=grace,
        trace_project=trace_project,
        key_seconds=None if "SUPABASE_JWKS" in variables else key_seconds,
        has_front=front,
        telemetry=_read_telemetry(env_file),
    )
    Supervisor(instance, listen(host, port)).run()


def _read_telemetry(env_file: "Path | None") -> "TelemetrySettings | None":
    from edge.production.settings import require_telemetry
    from edge.project.environment import telemetry_variables

    return require_telemetry(telemetry_variables(env_file))
