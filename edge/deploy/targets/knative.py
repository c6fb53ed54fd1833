"""Knative on any cluster: each function is an image and a Service, applied by kubectl.

The image is built and pushed by Docker or Podman from the bundle and a Dockerfile; the manifests
are applied server-side, so that fields set by others are kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.deploy.kubectl import FIELD_MANAGER, Kubectl, read_items
from edge.deploy.labels import DIGEST, ENVIRONMENT, FUNCTION, PROJECT, digest_of, labels_of
from edge.deploy.plan import CurrentState, Rollout, Service
from edge.deploy.programs import find_builder
from edge.deploy.rollback import Revision
from edge.deploy.service_environment import ServiceEnvironment
from edge.deploy.settings import Knative as KnativeSettings
from edge.deploy.settings import Settings
from edge.deploy.steps import Run, Step, Write
from edge.deploy.targets import manifests
from edge.deploy.targets.dockerfile import dockerfile
from edge.deploy.targets.validation import secret_command, validate_service
from edge.deploy.workload import Workload

NAME: Final = "knative"
SERVICES: Final = "services.serving.knative.dev"
REVISIONS: Final = "revisions.serving.knative.dev"
_COMMAND: Final = (
    *("functions-framework", "--source", "main.py", "--target", "main"),
    "--asgi",
)
_LONGEST_NAME: Final = 63
_LONGEST_SCHEDULED: Final = 52 - len(manifests.SCHEDULE_SUFFIX)  # Kubernetes adds to a job's name
_READY_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Knative:
    """Target for one namespace; build contexts are written below `folder`."""

    settings: Settings
    folder: Path

    @property
    def own(self) -> KnativeSettings:
        return self.settings.knative()

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.own.namespace, self.own.context)

    @property
    def schedule_key(self) -> str:
        return self.own.schedule_key

    def service_name(self, slug: str) -> str:
        return f"{self.own.name_prefix}{slug}"

    def secret_command(self, names: Sequence[str]) -> str:
        return secret_command(NAME, self.settings.env, names)

    def validate(self, workload: Workload) -> list[str]:
        """Return the reasons for which Kubernetes would reject the function."""
        name = self.service_name(workload.slug)
        common = validate_service(
            workload, name, platform="Knative", longest=_LONGEST_NAME, scheduler="A CronJob"
        )
        found = list(common)
        if workload.schedule and len(name) > _LONGEST_SCHEDULED:
            found.append(
                f"{name} is too long for a CronJob: at most {_LONGEST_SCHEDULED} characters."
            )
        return found

    def read_state(self, workloads: Sequence[Workload]) -> CurrentState:
        """List services, cron jobs and the names of secrets with kubectl."""
        del workloads
        kubectl = self.kubectl
        selector = f"{PROJECT}={self.settings.project}"
        jobs = read_items(kubectl.get("cronjobs.batch", "-l", selector, "-o", "json"))
        services = read_items(kubectl.get(SERVICES, "-o", "json"))
        return CurrentState(
            services={s.name: s for s in map(_read_service, services)},
            secrets=kubectl.secret_names(self.own.secret),
            schedules=dict(map(_read_schedule, jobs)),
        )

    def plan_rollout(
        self, workload: Workload, environment: ServiceEnvironment, current: CurrentState
    ) -> Rollout:
        """Return the steps: build the image, push it, apply the manifests, wait until ready."""
        own = self.settings.knative(workload.slug)
        name = self.service_name(workload.slug)
        context = self.folder / workload.slug
        files = {**workload.bundle.files, "Dockerfile": _dockerfile(own, workload)}
        recipe = digest_of(workload.bundle.digest, files["Dockerfile"].decode())
        image = f"{own.registry.rstrip('/')}/{name}:{recipe}"
        labels = self._labels(workload)
        service = manifests.service(name, image, workload, environment, own, labels)
        digest = _stamp(service)
        service["spec"]["template"]["metadata"]["labels"][DIGEST] = digest  # of its revision
        builder = find_builder().name
        return Rollout(
            digest,
            (
                Write(context, files, "the context of its image", ("Dockerfile",)),
                Run((builder, "build", "--tag", image, str(context)), "build the image"),
                Run((builder, "push", image), "push it to where the cluster pulls it from"),
                self._apply(service, "apply its manifest"),
                *self._unpin(name, current),
                self._wait(name),
            ),
            upkeep=self._schedule(image, workload, current),
        )

    def read_revisions(self, service: Service) -> list[Revision]:
        """List the service's revisions with kubectl."""
        selector = f"serving.knative.dev/service={service.name}"
        items = read_items(self.kubectl.get(REVISIONS, "-l", selector, "-o", "json"))
        return [_read_revision(item, service) for item in items]

    def plan_rollback(self, service: Service, revision: Revision) -> tuple[Step, ...]:
        to = {"revisionName": revision.name, "percent": 100, "latestRevision": False}
        why = "send all traffic to the former bundle"
        return (self._route(service.name, to, why), self._wait(service.name))

    def _unpin(self, name: str, current: CurrentState) -> tuple[Step, ...]:
        """A service that was rolled back sends nothing to new revisions until it is unpinned."""
        found = current.services.get(name)
        if found is None or not found.is_pinned:
            return ()
        to = {"latestRevision": True, "percent": 100}
        return (self._route(name, to, "it was rolled back: send traffic to it"),)

    def _route(self, name: str, to: dict[str, Any], why: str) -> Run:
        patch = json.dumps({"spec": {"traffic": [to]}})
        options = ("--type=merge", f"--patch={patch}")
        return Run(self.kubectl.command("patch", SERVICES, name, *options), why)

    def plan_removal(self, service: Service, current: CurrentState) -> tuple[Step, ...]:
        delete = self.kubectl.command("delete", SERVICES, service.name)
        is_called = service.name in current.schedules
        schedule = (self._unschedule(service.name),) if is_called else ()
        return (*schedule, Run(delete, "nothing here deploys it any more"))

    def _labels(self, workload: Workload) -> dict[str, str]:
        labels = labels_of(self.settings, workload.slug)
        return {**labels, "app.kubernetes.io/managed-by": FIELD_MANAGER}

    def _schedule(self, image: str, workload: Workload, current: CurrentState) -> tuple[Step, ...]:
        """Return the steps that create, update or remove the CronJob."""
        name = self.service_name(workload.slug)
        if not workload.schedule:
            return (self._unschedule(name),) if name in current.schedules else ()
        own = self.settings.knative(workload.slug)
        job = manifests.cron_job(name, image, workload, own, self._labels(workload))
        if _stamp(job) == current.schedules.get(name):
            return ()
        return (self._apply(job, f"have it called at {workload.schedule} (UTC)"),)

    def _unschedule(self, name: str) -> Run:
        job = name + manifests.SCHEDULE_SUFFIX
        return Run(
            self.kubectl.command("delete", "cronjobs.batch", job, "--ignore-not-found"),
            "it has no schedule any more",
        )

    def _apply(self, document: dict[str, Any], why: str) -> Run:
        apply = ("apply", "--server-side", f"--field-manager={FIELD_MANAGER}", "--filename=-")
        return Run(self.kubectl.command(*apply), why, stdin=manifests.as_yaml(document))

    def _wait(self, name: str) -> Run:
        ready = ("--for=condition=Ready", f"--timeout={_READY_SECONDS}s")
        argv = self.kubectl.command("wait", f"{SERVICES}/{name}", *ready)
        return Run(argv, "wait until it serves")


def _dockerfile(own: KnativeSettings, workload: Workload) -> bytes:
    requirements = workload.bundle.files.get("requirements.txt", b"")
    return dockerfile(
        own.base_image,
        _COMMAND,
        port=manifests.PORT,
        requirements="requirements.txt",
        has_hashes=b"--hash=" in requirements,
    )


def _stamp(document: dict[str, Any]) -> str:
    """Label the object with the digest of the rest of it, and return the digest."""
    digest = digest_of(document)
    document["metadata"]["labels"][DIGEST] = digest
    return digest


def _read_schedule(item: dict[str, Any]) -> tuple[str, str]:
    metadata = item["metadata"]
    name = str(metadata["name"]).removesuffix(manifests.SCHEDULE_SUFFIX)
    return name, metadata.get("labels", {}).get(DIGEST, "")


def _read_service(item: dict[str, Any]) -> Service:
    metadata = item["metadata"]
    labels = metadata.get("labels", {})
    conditions: list[dict[str, str]] = item.get("status", {}).get("conditions", [])
    is_ready = any((c.get("type"), c.get("status")) == ("Ready", "True") for c in conditions)
    routes: list[dict[str, Any]] = item.get("spec", {}).get("traffic", [])
    is_pinned = any(each.get("revisionName") for each in routes)
    traffic: list[dict[str, Any]] = item.get("status", {}).get("traffic", [])
    return Service(
        name=metadata["name"],
        project=labels.get(PROJECT, ""),
        env=labels.get(ENVIRONMENT, ""),
        slug=labels.get(FUNCTION, ""),
        digest=labels.get(DIGEST, "") if is_ready and not is_pinned else "",
        url=item.get("status", {}).get("url", ""),
        updated=metadata.get("creationTimestamp", ""),
        serving=tuple(str(each.get("revisionName", "")) for each in traffic if each.get("percent")),
        is_pinned=is_pinned,
    )


def _read_revision(item: dict[str, Any], service: Service) -> Revision:
    metadata = item["metadata"]
    conditions: list[dict[str, str]] = item.get("status", {}).get("conditions", [])
    return Revision(
        name=metadata["name"],
        digest=metadata.get("labels", {}).get(DIGEST, ""),
        created=metadata.get("creationTimestamp", ""),
        is_ready=any((c.get("type"), c.get("status")) == ("Ready", "True") for c in conditions),
        is_serving=metadata["name"] in service.serving,
    )
