"""The commands that show what a deployed function has logged."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge.deploy.errors import DeployError
from edge.deploy.kubectl import Kubectl
from edge.deploy.settings import CloudRun, Knative


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """What is wanted of a service's log; `severity` as Cloud Logging names it."""

    service: str
    limit: int
    since: datetime | None = None
    severity: str = ""
    search: str = ""
    follow: bool = False


def cloud_logging_command(question: LogQuestion, own: CloudRun) -> tuple[str, ...]:
    """Newest first, as JSON."""
    if question.follow:
        place = f"--project={own.project} --region={own.region}"
        raise DeployError(
            "Cloud Logging is read, not followed, here.",
            cure=f"gcloud beta run services logs tail {question.service} {place}",
        )
    terms = [
        'resource.type="cloud_run_revision"',
        f'resource.labels.service_name="{question.service}"',
        f'resource.labels.location="{own.region}"',
    ]
    if question.since:
        terms.append(f'timestamp>="{_stamp(question.since)}"')
    if question.severity:
        terms.append(f"severity>={question.severity}")
    if question.search:
        text = question.search.replace("\\", "\\\\").replace('"', '\\"')
        terms.append(f'(textPayload:"{text}" OR jsonPayload.message:"{text}")')
    return (
        *("gcloud", "logging", "read", " AND ".join(terms)),
        *(f"--limit={question.limit}", "--order=desc", "--format=json"),
        *(f"--project={own.project}", "--quiet"),
    )


def kubectl_logs_command(question: LogQuestion, own: Knative) -> tuple[str, ...]:
    """Of all pods of the service."""
    if question.severity or question.search:
        raise DeployError(
            "kubectl cannot choose lines by level or text.", cure="Pipe it: … | grep TEXT"
        )
    since = (f"--since-time={_stamp(question.since)}",) if question.since else ()
    return Kubectl(own.namespace, own.context).command(
        *("logs", f"--selector=serving.knative.dev/service={question.service}"),
        *("--container=function", f"--tail={question.limit}", "--prefix", "--timestamps"),
        *since,
        *(("--follow",) if question.follow else ()),
    )


def render_cloud_entry(entry: dict[str, Any]) -> str:
    """A line: when, how bad, what."""
    payload: dict[str, Any] = entry.get("jsonPayload", {})
    message = payload.get("message") or entry.get("textPayload", "")
    return f"{entry.get('timestamp', '')}  {entry.get('severity', 'DEFAULT'):<8}  {message}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
