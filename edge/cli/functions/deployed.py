"""`edge functions list, delete and logs` with --target: services that are deployed."""

import json
import subprocess
from pathlib import Path
from typing import Final

import typer

from edge.cli.console import confirm, print_json, print_table, remark
from edge.cli.deploy.target import Destination, open_destination, open_settings
from edge.cli.exit import FAILED, failing_with_status_1
from edge.cli.options import Format
from edge.deploy.execute import perform
from edge.deploy.log_commands import (
    LogQuery,
    cloud_logging_command,
    kubectl_logs_command,
    render_cloud_entry,
)
from edge.deploy.plan import CurrentState, Service
from edge.deploy.programs import call
from edge.errors import DeployError
from edge.project.manifest import slug_of

_COLUMNS: Final = ("FUNCTION", "SERVICE", "DIGEST", "UPDATED_AT", "URL")
_SHORT_DIGEST: Final = 12


@failing_with_status_1
def list_at_target(workdir: Path, target: str, env: str | None, output: Format) -> None:
    """Print the deployed services of this project and environment."""
    destination = open_place(workdir, target, env)
    present = destination.target.read_state(())
    services = [s for s in present.services.values() if _is_ours(destination, s)]
    rows = [
        (s.slug, s.name, _show_digest(s), s.updated, s.url)
        for s in sorted(services, key=lambda service: service.name)
    ]
    if output == "json":
        keys = [column.lower() for column in _COLUMNS]
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)


@failing_with_status_1
def delete_at_target(workdir: Path, target: str, env: str | None, name: str, *, yes: bool) -> None:
    """Remove the deployed service; keeps the function's folder."""
    destination = open_place(workdir, target, env)
    present = destination.target.read_state(())
    service = require_service(destination, present, name)
    place = f"{destination.name}, environment {destination.target.settings.env}"
    confirm(f"Remove the service {service.name} from {place}?", yes=yes)
    for step in destination.target.plan_removal(service, present):
        perform(step)
    remark(f"Removed {service.name}.")


@failing_with_status_1
def logs_at_target(
    workdir: Path, target: str, env: str | None, query: LogQuery, output: Format
) -> None:
    """Print the log of a deployed function: entries of Cloud Logging, or kubectl's output."""
    destination = open_place(workdir, target, env)
    settings = destination.target.settings
    if destination.name == "cloud-run":
        listing = call(cloud_logging_command(query, settings.cloud_run()))
        for entry in reversed(json.loads(listing or "[]")):
            if output == "json":
                print_json(entry, indent=None)
            else:
                typer.echo(render_cloud_entry(entry))
        return
    command = kubectl_logs_command(query, settings.knative())
    if subprocess.run(command, check=False).returncode != 0:
        raise typer.Exit(FAILED)


def service_of(workdir: Path, target: str, env: str | None, name: str) -> str:
    """Return the name of the function's service at that target."""
    settings, chosen = open_settings(workdir, target, env)
    return open_destination(workdir, settings, chosen).target.service_name(slug_of(name))


def open_place(workdir: Path, target: str | None, env: str | None) -> Destination:
    """Return the target, whose program is installed. Raises EdgeError."""
    settings, name = open_settings(workdir, target, env)
    destination = open_destination(workdir, settings, name)
    destination.reader.require()
    return destination


def _show_digest(service: Service) -> str:
    if service.is_pinned:
        return f"rolled back to {', '.join(service.serving)}"
    return service.digest[:_SHORT_DIGEST]


def _is_ours(destination: Destination, service: Service) -> bool:
    settings = destination.target.settings
    return (service.project, service.env) == (settings.project, settings.env)


def require_service(destination: Destination, present: CurrentState, name: str) -> Service:
    """Return the function's service. Raises DeployError if it is not deployed there."""
    wanted = destination.target.service_name(slug_of(name))
    service = present.services.get(wanted)
    if service is None or not _is_ours(destination, service):
        ours = sorted(s.slug for s in present.services.values() if _is_ours(destination, s))
        raise DeployError(
            f"There is no service {wanted} of this project at {destination.name}.",
            cure=f"There are: {', '.join(ours)}" if ours else "Deploy it first: edge deploy",
        )
    return service
