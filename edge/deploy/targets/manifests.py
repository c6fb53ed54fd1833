"""Kubernetes objects of one function: Knative's Service, and a CronJob for its schedule.

https://knative.dev/docs/serving/autoscaling/ and
https://github.com/knative/specs/blob/main/specs/serving/knative-api-specification-1.0.md
"""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from edge.deploy.labels import DIGEST
from edge.deploy.service_environment import ServiceEnvironment
from edge.deploy.settings import Knative as KnativeSettings
from edge.deploy.settings import mebibytes
from edge.deploy.workload import Workload

HEALTH: Final = "/_internal/health"
PORT: Final = 8080
SCHEDULE_SUFFIX: Final = "-schedule"
_CALL: Final = """\
import os, urllib.request as r
headers = {"authorization": "Bearer " + os.environ["KEY"], "content-type": "application/json"}
request = r.Request(os.environ["URL"], os.environ["BODY"].encode(), headers)
r.urlopen(request, timeout=float(os.environ["SECONDS"]))
"""
_LOCKED_DOWN: Final = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


class _Dumper(yaml.SafeDumper):
    """Dumps without anchors, and multi-line strings as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    del dumper
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def as_yaml(document: Mapping[str, Any]) -> str:
    """Render the object as YAML for kubectl."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False)


def service(
    name: str,
    image: str,
    workload: Workload,
    environment: ServiceEnvironment,
    own: KnativeSettings,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Build Knative's Service: scaled by concurrency, to zero unless `min_scale` is set."""
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": own.namespace, "labels": dict(labels)},
        "spec": {
            "template": {
                "metadata": {
                    "labels": {k: v for k, v in labels.items() if k != DIGEST},
                    "annotations": _scaling(workload, own),
                },
                "spec": _revision(image, workload, environment, own),
            }
        },
    }


def _scaling(workload: Workload, own: KnativeSettings) -> dict[str, str]:
    concurrency = own.concurrency or workload.concurrency
    return {
        "autoscaling.knative.dev/min-scale": str(own.min_scale),
        "autoscaling.knative.dev/max-scale": str(own.max_scale or workload.max_instances),
        "autoscaling.knative.dev/metric": "concurrency",
        "autoscaling.knative.dev/target": str(own.concurrency_target or concurrency),
    }


def _revision(
    image: str, workload: Workload, environment: ServiceEnvironment, own: KnativeSettings
) -> dict[str, Any]:
    seconds = min(workload.answer_seconds, own.max_timeout)
    revision: dict[str, Any] = {
        "containerConcurrency": own.concurrency or workload.concurrency,
        "timeoutSeconds": seconds,
        "responseStartTimeoutSeconds": min(int(-(-workload.timeout // 1)), seconds),
        "enableServiceLinks": False,
        "containers": [_container(image, workload, environment, own)],
    }
    if own.service_account:
        revision["serviceAccountName"] = own.service_account
    if own.image_pull_secret:
        revision["imagePullSecrets"] = [{"name": own.image_pull_secret}]
    return revision


def _container(
    image: str, workload: Workload, environment: ServiceEnvironment, own: KnativeSettings
) -> dict[str, Any]:
    memory = f"{workload.memory + mebibytes(own.overhead)}Mi"
    probe = {"httpGet": {"path": HEALTH}, "timeoutSeconds": 3}
    return {
        "name": "function",
        "image": image,
        "ports": [{"containerPort": PORT}],
        "env": _environment(workload, environment, own),
        "resources": {
            "requests": {"memory": memory, "cpu": "100m"},
            "limits": {"memory": memory, "cpu": own.cpu},
        },
        "readinessProbe": {**probe, "successThreshold": 1},
        "livenessProbe": {**probe, "periodSeconds": 30, "failureThreshold": 3},
        "securityContext": _LOCKED_DOWN,
    }


def _environment(
    workload: Workload, environment: ServiceEnvironment, own: KnativeSettings
) -> list[dict[str, Any]]:
    variables = {
        "EDGE_FUNCTIONS_URL": address(own.name_prefix + "{name}", own),
        **environment.variables,
        "SUPABASE_FUNCTION_SLUG": workload.slug,
    }
    plain = [{"name": name, "value": value} for name, value in sorted(variables.items())]
    return plain + [from_secret(name, own.secret, name) for name in environment.secrets]


def address(name: str, own: KnativeSettings) -> str:
    """Return the URL of a service inside the cluster."""
    return f"http://{name}.{own.namespace}.svc.cluster.local/"


def from_secret(variable: str, secret: str, key: str) -> dict[str, Any]:
    """Build a variable that references a key of a Secret."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def cron_job(
    name: str, image: str, workload: Workload, own: KnativeSettings, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Build the CronJob that posts the schedule's body; calls never overlap."""
    call = {
        "name": "call",
        "image": image,
        "command": ["python", "-c", _CALL],
        "env": [
            {"name": "URL", "value": address(name, own)},
            {"name": "BODY", "value": workload.schedule_body},
            {"name": "SECONDS", "value": str(workload.answer_seconds)},
            from_secret("KEY", own.secret, own.schedule_key),
        ],
        "resources": {"limits": {"memory": "64Mi", "cpu": "200m"}},
        "securityContext": _LOCKED_DOWN,
    }
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [call],
    }
    if own.image_pull_secret:
        pod["imagePullSecrets"] = [{"name": own.image_pull_secret}]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": name + SCHEDULE_SUFFIX,
            "namespace": own.namespace,
            "labels": dict(labels),
        },
        "spec": {
            "schedule": workload.schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 0,
                    "activeDeadlineSeconds": workload.answer_seconds + 30,
                    "template": {"spec": pod},
                }
            },
        },
    }
