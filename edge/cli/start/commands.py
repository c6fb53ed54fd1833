"""`edge start`, `stop` and `status`: the stack of a project."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import typer

from edge.cli import options
from edge.cli.console import answers, print_details, print_json, remark
from edge.cli.running import function_names, project_lock, require_running

_LOCAL_HOST: Final = "127.0.0.1"


def start(  # noqa: PLR0913 - each is an option of the command
    *,
    workdir: options.Workdir = options.HERE,
    port: options.Port = None,
    db_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Postgres port; 0: any.")
    ] = None,
    host: options.Host = _LOCAL_HOST,
    env_file: options.EnvFile = None,
    no_verify_jwt: options.NoVerifyJwt = False,
    policy: options.PolicyChoice = None,
    limits: options.LimitsChoice = "local",
    no_reload: options.NoReload = False,
    inspect: options.Inspect = None,
    inspect_port: options.InspectPort = None,
    isolate_users: options.IsolateUsers = False,
    no_fork: options.NoFork = False,
    no_processes: Annotated[
        bool, typer.Option("--no-processes", help="Do not run the processes of edge.toml.")
    ] = False,
    skip_migrations: Annotated[
        bool, typer.Option("--skip-migrations", help="Leave the database as it is.")
    ] = False,
    keep_going: options.KeepGoing = False,
    upstream: options.Upstream = None,
    log_format: options.LogFormatChoice = "text",
    output: options.Output = "pretty",
) -> None:
    """Serve the whole stack until Ctrl-C: functions, data API, Postgres and local models.

    With `-o json` one line with URLs and keys goes to standard output
    once everything is ready; logs always go to standard error.

    With SUPABASE_URL and its keys set, by the shell or by --env-file,
    the functions work on that project, and no local database is started.
    """
    from edge.cli.start.serving import OutputFormat, serve
    from edge.project.settings import load_settings

    settings = load_settings(workdir, port=port, db_port=db_port, env_file=env_file)
    if no_processes:
        settings = replace(settings, extensions=replace(settings.extensions, processes=()))
    settings = replace(
        settings,
        host=host,
        verify_jwt=not no_verify_jwt,
        policy=policy or settings.policy,
        limits=limits,
        reload=not no_reload,
        inspect=inspect,
        inspect_port=inspect_port or settings.inspect_port,
        isolate_users=isolate_users,
        forks=not no_fork,
        upstream=options.check_upstream(upstream),
        migrations="skip" if skip_migrations else "keep-going" if keep_going else "apply",
    )
    serve(settings, OutputFormat(output, log_format))


def stop(workdir: options.Workdir = options.HERE) -> None:
    """Stop the stack of this project, whichever terminal it runs in."""
    stopped = project_lock(workdir).stop_holder()
    remark("Stopped." if stopped else "Nothing was running.")


def status(
    workdir: options.Workdir = options.HERE,
    output: Annotated[
        Literal["pretty", "env", "json"],
        typer.Option("-o", "--output", help="Readable, for `eval`, or JSON for scripts."),
    ] = "pretty",
    names: Annotated[
        bool,
        typer.Option("--function-names", help="Names as in a function's environment: SUPABASE_…"),
    ] = False,
) -> None:
    """Show URLs and keys of the running stack; exit status 2 if none runs."""
    details = require_running(workdir)
    processes: list[dict[str, Any]] = json.loads(details.pop("PROCESSES", "[]"))
    if names:
        details, processes = function_names(details), []
    if output == "json":
        print_json({**details, **({"PROCESSES": processes} if processes else {})})
    elif output == "env":
        answers.out("\n".join(_assignments(details)))
    else:
        print_details(details | {f"PROCESS {p['name']}": _state(p) for p in processes}, answers)


def _state(process: Mapping[str, Any]) -> str:
    """Render a process as `ready, port 8090, 2 restarts`."""
    port = f", port {process['port']}" if process["port"] else ""
    restarts = f", {process['restarts']} restarts" if process["restarts"] else ""
    return f"{process['state']}{port}{restarts}"


def _assignments(details: Mapping[str, str]) -> list[str]:
    """Render NAME=value lines that both a shell and a dotenv parser accept."""
    return [f"{name}={_quote(str(value))}" for name, value in details.items()]


def _quote(value: str) -> str:
    return shlex.quote(value) if set(value) & set('"$`\\') else f'"{value}"'
