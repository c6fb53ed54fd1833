"""Cloud Run: each function is a service, built by Google's buildpack through gcloud.

`--function` with `--base-image` rather than a Dockerfile or Procfile: the buildpack starts
functions-framework itself, and the platform keeps the base image patched. FUNCTION_USE_ASGI is
the option `--asgi` as functions-framework reads it from the environment; `--source main.py` is
its default.
https://docs.cloud.google.com/run/docs/deploy-functions
https://docs.cloud.google.com/run/docs/configuring/services/automatic-base-image-updates
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.deploy.labels import DIGEST, ENVIRONMENT, FUNCTION, PROJECT, digest_of, labels_of
from edge.deploy.plan import CurrentState, Rollout, Service
from edge.deploy.programs import call
from edge.deploy.rollback import Revision
from edge.deploy.service_environment import ServiceEnvironment
from edge.deploy.settings import CloudRun as CloudRunSettings
from edge.deploy.settings import Settings, mebibytes
from edge.deploy.steps import Run, Step, Write
from edge.deploy.targets.cloud_scheduler import CloudScheduler, SchedulerJob
from edge.deploy.targets.validation import secret_command, validate_service
from edge.deploy.workload import Workload

NAME: Final = "cloud-run"
HEALTH: Final = "/_internal/health"
_LONGEST_NAME: Final = 49
_LONGEST_ANSWER: Final = 3600
_SMALLEST_MEMORY: Final = 512  # of an instance whose CPU is not throttled
_PORT: Final = 8080
_ENV_FILE: Final = "variables.yaml"
_SOURCE: Final = "source"
_NEVER_READY: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class CloudRun:
    """Target for one project and region; bundles to upload are written below `folder`."""

    settings: Settings
    folder: Path

    @property
    def own(self) -> CloudRunSettings:
        return self.settings.cloud_run()

    @property
    def scheduler(self) -> CloudScheduler:
        return CloudScheduler(self.own, self.settings.project)

    @property
    def schedule_key(self) -> str:
        return self.own.schedule_key

    def service_name(self, slug: str) -> str:
        return f"{self.own.name_prefix}{slug}"

    def secret_command(self, names: Sequence[str]) -> str:
        return secret_command(NAME, self.settings.env, names)

    def validate(self, workload: Workload) -> list[str]:
        """Return the reasons for which Cloud Run would reject the function."""
        found = validate_service(
            workload,
            self.service_name(workload.slug),
            platform="Cloud Run",
            longest=_LONGEST_NAME,
            scheduler="Cloud Scheduler",
        )
        own = self.settings.cloud_run(workload.slug)
        if own.private and workload.schedule:
            found = [
                *found,
                "Cloud Scheduler's calls have no identity token: it cannot be private.",
            ]
        return list(found)

    def read_state(self, workloads: Sequence[Workload]) -> CurrentState:
        """List services, secrets and scheduled jobs with gcloud."""
        own = self.own
        place = (f"--project={own.project}", "--format=json", "--quiet")
        listing = call(("gcloud", "run", "services", "list", f"--region={own.region}", *place))
        services = [_read_service(entry) for entry in _entries(listing)]
        listing = call(("gcloud", "secrets", "list", *place))
        secrets = (str(entry["name"]).rpartition("/")[2] for entry in _entries(listing))
        is_scheduled = any(workload.schedule for workload in workloads)
        return CurrentState(
            services={service.name: service for service in services},
            secrets=frozenset(
                name.removeprefix(own.secret_prefix)
                for name in secrets
                if name.startswith(own.secret_prefix)
            ),
            schedules=self.scheduler.read_state() if is_scheduled or services else {},
            number=self._find_number(),
        )

    def plan_rollout(
        self, workload: Workload, environment: ServiceEnvironment, current: CurrentState
    ) -> Rollout:
        """Return the steps: write the bundle, deploy it, then apply its schedule."""
        folder = self.folder / workload.slug
        variables = self._variables(workload, environment, current)
        options = tuple(self._options(workload, environment))
        digest = digest_of(workload.bundle.digest, variables, options)
        files = {f"{_SOURCE}/{name}": data for name, data in workload.bundle.files.items()}
        # Without it gcloud generates one that excludes files.
        files[f"{_SOURCE}/.gcloudignore"] = b".gcloudignore\n"
        files[_ENV_FILE] = json.dumps(variables, indent=2).encode() + b"\n"
        labels = labels_of(self.settings, workload.slug) | {DIGEST: digest}
        service = self.service_name(workload.slug)
        deploy = (
            *("gcloud", "run", "deploy", service, f"--source={folder / _SOURCE}"),
            f"--env-vars-file={folder / _ENV_FILE}",
            *options,
            f"--labels={_pairs(labels)}",
        )
        return Rollout(
            digest,
            (
                Write(folder, files, "the bundle as it is uploaded", (_ENV_FILE,)),
                Run(deploy, "build it and send all traffic to it once it is healthy"),
                *self._unpin(service, current),
            ),
            upkeep=self._schedule(service, self._job(workload, current), current),
        )

    def read_revisions(self, service: Service) -> list[Revision]:
        """List the service's revisions with gcloud, with the labels that each was deployed with."""
        own = self.own
        place = (f"--region={own.region}", f"--project={own.project}", "--format=json", "--quiet")
        listing = call(("gcloud", "run", "revisions", "list", f"--service={service.name}", *place))
        return [_read_revision(entry, service) for entry in _entries(listing)]

    def plan_rollback(self, service: Service, revision: Revision) -> tuple[Step, ...]:
        to = f"--to-revisions={revision.name}=100"
        return (self._route(service.name, to, "send all traffic to the former bundle"),)

    def _unpin(self, service: str, current: CurrentState) -> tuple[Step, ...]:
        """A service that was rolled back sends nothing to new revisions until it is unpinned."""
        found = current.services.get(service)
        if found is None or not found.is_pinned:
            return ()
        return (self._route(service, "--to-latest", "it was rolled back: send traffic to it"),)

    def _route(self, service: str, to: str, why: str) -> Run:
        own = self.own
        place = (f"--region={own.region}", f"--project={own.project}", "--quiet")
        return Run(("gcloud", "run", "services", "update-traffic", service, to, *place), why)

    def plan_removal(self, service: Service, current: CurrentState) -> tuple[Step, ...]:
        own = self.own
        place = (f"--region={own.region}", f"--project={own.project}", "--quiet")
        argv = ("gcloud", "run", "services", "delete", service.name, *place)
        is_called = service.name in current.schedules
        schedule = (self.scheduler.remove(service.name),) if is_called else ()
        return (*schedule, Run(argv, "nothing here deploys it any more"))

    def _variables(
        self, workload: Workload, environment: ServiceEnvironment, current: CurrentState
    ) -> dict[str, str]:
        return {
            "EDGE_FUNCTIONS_URL": self._url("{name}", current),
            **environment.variables,
            "FUNCTION_USE_ASGI": "true",
            "SUPABASE_FUNCTION_SLUG": workload.slug,
            "GOOGLE_CLOUD_PROJECT": self.own.project,
            "SB_REGION": self.own.region,
        }

    def _options(self, workload: Workload, environment: ServiceEnvironment) -> Iterator[str]:
        own = self.settings.cloud_run(workload.slug)
        memory = max(workload.memory + mebibytes(own.overhead), _SMALLEST_MEMORY)
        yield from ("--function=main", f"--base-image={own.base_image}")
        yield from (f"--project={own.project}", f"--region={own.region}", "--quiet")
        # The bundle verifies tokens itself where verify_jwt is set; CORS preflights have none.
        yield "--no-allow-unauthenticated" if own.private else "--allow-unauthenticated"
        yield from (f"--memory={memory}Mi", f"--cpu={own.cpu}")
        yield f"--concurrency={own.concurrency or workload.concurrency}"
        yield f"--timeout={min(workload.answer_seconds, _LONGEST_ANSWER)}"
        yield f"--min-instances={own.min_instances}"
        yield f"--max-instances={own.max_instances or workload.max_instances}"
        # Tasks of ctx.wait_until run after the response and need a CPU.
        yield "--cpu-throttling" if own.cpu_throttling else "--no-cpu-throttling"
        probe = f"httpGet.path={HEALTH},httpGet.port={_PORT},timeoutSeconds=3"
        yield f"--startup-probe={probe},periodSeconds=3,failureThreshold=40"
        yield f"--liveness-probe={probe},periodSeconds=30,failureThreshold=3"
        if own.service_account:
            yield f"--service-account={own.service_account}"
        if environment.secrets:
            secrets = {name: f"{own.secret_prefix}{name}:latest" for name in environment.secrets}
            yield f"--set-secrets={_pairs(secrets)}"
        yield from own.arguments

    def _url(self, slug: str, current: CurrentState) -> str:
        """Return the deterministic URL that a service gets from its name.

        https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic
        """
        number = self.own.project_number or current.number or "PROJECT_NUMBER"
        return f"https://{self.service_name(slug)}-{number}.{self.own.region}.run.app/"

    def _job(self, workload: Workload, current: CurrentState) -> SchedulerJob | None:
        if not workload.schedule:
            return None
        service = self.service_name(workload.slug)
        return SchedulerJob(
            service=service,
            schedule=workload.schedule,
            body=workload.schedule_body,
            url=self._url(workload.slug, current),
            seconds=workload.answer_seconds,
        )

    def _schedule(
        self, service: str, job: SchedulerJob | None, current: CurrentState
    ) -> tuple[Step, ...]:
        """Return the steps that create, update or remove the scheduled job."""
        found = current.schedules.get(service)
        if job is None:
            return () if found is None else (self.scheduler.remove(service),)
        if found == job.digest:
            return ()
        return (self.scheduler.apply(job, exists=found is not None),)

    def _find_number(self) -> str:
        if self.own.project_number:
            return str(self.own.project_number)
        project = self.own.project
        argv = ("gcloud", "projects", "describe", project, "--format=value(projectNumber)")
        return call((*argv, "--quiet")).strip()


def _entries(listing: str) -> list[dict[str, Any]]:
    return json.loads(listing or "[]")


def _read_service(entry: dict[str, Any]) -> Service:
    metadata = entry.get("metadata", {})
    labels = metadata.get("labels", {})
    status = entry.get("status", {})
    conditions: list[dict[str, str]] = status.get("conditions", [])
    ready = next((each for each in conditions if each.get("type") == "Ready"), _NEVER_READY)
    traffic: list[dict[str, Any]] = status.get("traffic", [])
    serving = tuple(str(each.get("revisionName", "")) for each in traffic if each.get("percent"))
    routes: list[dict[str, Any]] = entry.get("spec", {}).get("traffic", [])
    is_pinned = bool(routes) and not any(each.get("latestRevision") for each in routes)
    return Service(
        name=str(metadata.get("name", "")),
        project=labels.get(PROJECT, ""),
        env=labels.get(ENVIRONMENT, ""),
        slug=labels.get(FUNCTION, ""),
        # A failed deployment has set its labels, too.
        digest=labels.get(DIGEST, "") if ready.get("status") == "True" and not is_pinned else "",
        url=status.get("url", ""),
        updated=ready.get("lastTransitionTime", ""),
        serving=serving,
        is_pinned=is_pinned,
    )


def _read_revision(entry: dict[str, Any], service: Service) -> Revision:
    metadata = entry.get("metadata", {})
    name = str(metadata.get("name", ""))
    conditions: list[dict[str, str]] = entry.get("status", {}).get("conditions", [])
    return Revision(
        name=name,
        digest=metadata.get("labels", {}).get(DIGEST, ""),
        created=metadata.get("creationTimestamp", ""),
        is_ready=any((c.get("type"), c.get("status")) == ("Ready", "True") for c in conditions),
        is_serving=name in service.serving,
    )


def _pairs(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(values.items()))
