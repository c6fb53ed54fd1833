"""Which command shows a deployed function's log."""

from datetime import UTC, datetime
from pathlib import Path

from edge.deploy.log_commands import (
    LogQuery,
    cloud_logging_command,
    container_logs_command,
    kubectl_logs_command,
    render_cloud_entry,
)
from tests.support.workloads import settings

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_cloud_logging_is_asked_for_one_service(tmp_path: Path) -> None:
    question = LogQuery("hello", 5, since=MOMENT, severity="ERROR", search='say "no"')

    command = cloud_logging_command(question, settings(tmp_path).cloud_run())

    assert command[:3] == ("gcloud", "logging", "read")
    assert 'resource.labels.service_name="hello"' in command[3]
    assert 'timestamp>="2026-01-02T03:04:05Z" AND severity>=ERROR' in command[3]
    assert r'textPayload:"say \"no\""' in command[3]
    assert {"--limit=5", "--project=shop-cloud"} <= set(command)


def test_kubectl_is_asked_for_the_pods_of_one_service(tmp_path: Path) -> None:
    question = LogQuery("hello", 5, since=MOMENT, follow=True)

    command = kubectl_logs_command(question, settings(tmp_path).knative())

    assert command[:3] == ("kubectl", "logs", "--selector=serving.knative.dev/service=hello")
    assert {"--follow", "--tail=5", "--since-time=2026-01-02T03:04:05Z"} <= set(command)


def test_containers_are_asked_one_by_one() -> None:
    command = container_logs_command(LogQuery("", 5, since=MOMENT, follow=True), "docker", "c1")

    since = "--since=2026-01-02T03:04:05Z"
    assert command == ("docker", "logs", "--tail=5", since, "--follow", "c1")


def test_both_kinds_of_entries_are_shown() -> None:
    text = {"timestamp": "t", "severity": "INFO", "textPayload": "words"}
    structured = {"timestamp": "t", "jsonPayload": {"message": "more"}}

    assert render_cloud_entry(text) == "t  INFO      words"
    assert render_cloud_entry(structured) == "t  DEFAULT   more"
