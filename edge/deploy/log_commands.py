"""The commands that read a deployed function's log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge.deploy.kubectl import Kubectl
from edge.deploy.settings import CloudRun, Knative


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A filter for a service's log; `severity` is one of Cloud Logging's names."""

    service: str
    limit: int
    since: datetime | None = None
    severity: str = ""
    search: str = ""
    follow: bool = False


def cloud_logging_command(query: LogQuery, own: CloudRun) -> tuple[str, ...]:
    """Return the command that reads the log as JSON, newest first."""
    terms = [
        'resource.type="cloud_run_revision"',
        f'resource.labels.service_name="{query.service}"',
        f'resource.labels.location="{own.region}"',
    ]
    if query.since:
        terms.append(f'timestamp>="{_stamp(query.since)}"')
    if query.severity:
        terms.append(f"severity>={query.severity}")
    if query.search:
        text = query.search.replace("\\", "\\\\").replace('"', '\\"')
        terms.append(f'(textPayload:"{text}" OR jsonPayload.message:"{text}")')
    return (
        *("gcloud", "logging", "read", " AND ".join(terms)),
        *(f"--limit={query.limit}", "--order=desc", "--format=json"),
        *(f"--project={own.project}", "--quiet"),
    )


def kubectl_logs_command(query: LogQuery, own: Knative) -> tuple[str, ...]:
    """Return the command that reads the log of all pods of the service."""
    since = (f"--since-time={_stamp(query.since)}",) if query.since else ()
    return Kubectl(own.namespace, own.context).command(
        *("logs", f"--selector=serving.knative.dev/service={query.service}"),
        *("--container=function", f"--tail={query.limit}", "--max-log-requests=50"),
        *since,
        *(("--follow",) if query.follow else ()),
    )


def containers_command(builder: str, image: str) -> tuple[str, ...]:
    """Return the command that lists the running containers of an image."""
    return (builder, "ps", "--quiet", "--filter", f"ancestor={image}")


def container_logs_command(query: LogQuery, builder: str, container: str) -> tuple[str, ...]:
    """Return the command that reads the log of one container."""
    since = (f"--since={_stamp(query.since)}",) if query.since else ()
    follow = ("--follow",) if query.follow else ()
    return (builder, "logs", f"--tail={query.limit}", *since, *follow, container)


def render_cloud_entry(entry: dict[str, Any]) -> str:
    """Render an entry as a line: time, severity, message."""
    payload: dict[str, Any] = entry.get("jsonPayload", {})
    message = payload.get("message") or entry.get("textPayload", "")
    return f"{entry.get('timestamp', '')}  {entry.get('severity', 'DEFAULT'):<8}  {message}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
