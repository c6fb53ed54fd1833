"""`edge functions list, delete and logs` with --target: services that are deployed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import typer

from edge.cli.console import confirm, print_json, print_table, remark
from edge.cli.deploy.target import Destination, open_destination, open_settings
from edge.cli.exit import failing_with_status_1
from edge.cli.options import Format
from edge.deploy.execute import perform
from edge.deploy.log_commands import (
    LogQuery,
    cloud_logging_command,
    container_logs_command,
    containers_command,
    kubectl_logs_command,
    render_cloud_entry,
)
from edge.deploy.log_following import CloudFollower, matches, read_line, stream
from edge.deploy.plan import CurrentState, Service
from edge.deploy.programs import call, find_builder
from edge.deploy.settings import CloudRun
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
    workdir: Path, place: str, env: str | None, name: str, query: LogQuery, output: Format
) -> None:
    """Print the log of a deployed function, and with `follow` go on until Ctrl-C."""
    for entry in _read_log(workdir, place, env, name, query):
        if output == "json":
            print_json(entry, indent=None)
        else:
            typer.echo(render_cloud_entry(entry))


def _read_log(
    workdir: Path, place: str, env: str | None, name: str, query: LogQuery
) -> Iterator[dict[str, Any]]:
    settings, target = open_settings(workdir, place, env)
    if target == "container":
        return _read_containers(settings.container().image, slug_of(name), query)
    destination = open_place(workdir, target, env)
    query = replace(query, service=destination.target.service_name(slug_of(name)))
    settings = destination.target.settings
    if target == "cloud-run":
        return _read_cloud(settings.cloud_run(), query)
    lines = stream([kubectl_logs_command(query, settings.knative())])
    return (entry for entry in map(read_line, lines) if matches(entry, query))


def _read_cloud(own: CloudRun, query: LogQuery) -> Iterator[dict[str, Any]]:
    def read(asked: LogQuery) -> list[dict[str, Any]]:
        return json.loads(call(cloud_logging_command(asked, own)) or "[]")

    return CloudFollower(query, read).follow() if query.follow else reversed(read(query))


def _read_containers(image: str, slug: str, query: LogQuery) -> Iterator[dict[str, Any]]:
    """Read the log of all running containers of the image, on this machine."""
    builder = find_builder()
    builder.require()
    containers = call(containers_command(builder.name, image)).split()
    if not containers:
        raise DeployError(
            f"No container of {image} runs on this machine.",
            cure="Elsewhere its platform keeps the log: JSON lines with the function as a label.",
        )
    lines = stream([container_logs_command(query, builder.name, each) for each in containers])
    return (entry for entry in map(read_line, lines) if matches(entry, query, slug))


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
