"""Diff desired against deployed state into a plan of steps. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from edge.deploy.rollback import Revision
from edge.deploy.service_environment import ServiceEnvironment, resolve_environment
from edge.deploy.settings import Settings
from edge.deploy.steps import Step
from edge.deploy.workload import Workload
from edge.errors import DeployError

Verdict = Literal["create", "update", "unchanged", "unknown", "remove"]


@dataclass(frozen=True, slots=True)
class Service:
    """A deployed service, read from its labels; `project` is empty if edge did not deploy it.

    An empty `digest` means that the last deployment failed, that the service is not ready, or that
    it `is_pinned`: its requests go to the revisions `serving`, not to the latest one.
    """

    name: str
    project: str = ""
    env: str = ""
    slug: str = ""
    digest: str = ""
    url: str = ""
    updated: str = ""
    serving: tuple[str, ...] = ()
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class CurrentState:
    """What is deployed at a target.

    `secrets` are names, `schedules` maps services to digests of their schedules, and `number` is
    the Google Cloud project number.
    """

    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    secrets: frozenset[str] = frozenset()
    schedules: Mapping[str, str] = field(default_factory=dict[str, str])
    number: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """The steps that deploy one function; those of `upkeep` run even if the digest is unchanged."""

    digest: str
    steps: tuple[Step, ...]
    upkeep: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The planned change of one function's service, or of the image with all functions.

    `digest` is that of what would be deployed, `deployed` of what is there.
    """

    slug: str
    service: str
    verdict: Verdict
    steps: tuple[Step, ...] = ()
    is_function: bool = True
    digest: str = ""
    deployed: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, in order; `notes` are printed beside them."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def removals(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.verdict == "remove")


class Target(Protocol):
    """A platform to deploy to.

    Only `read_state` and `read_revisions` may contact it; all other members compute values from
    their arguments and the settings. See the package's docstring for the stages.
    """

    @property
    def settings(self) -> Settings:
        """deploy.toml for the chosen environment."""
        ...

    @property
    def schedule_key(self) -> str:
        """The name of the secret that authorizes scheduled calls."""
        ...

    def service_name(self, slug: str) -> str:
        """Return the name of a function's service at the platform."""
        ...

    def validate(self, workload: Workload) -> Sequence[str]:
        """Return the reasons for which the platform would reject the function; empty if none."""
        ...

    def read_state(self, workloads: Sequence[Workload]) -> CurrentState:
        """Query the platform. Raises DeployError if it cannot be reached."""
        ...

    def plan_rollout(
        self, workload: Workload, environment: ServiceEnvironment, current: CurrentState
    ) -> Rollout:
        """Return the steps that deploy the function, and the digest of all that they depend on."""
        ...

    def read_revisions(self, service: Service) -> Sequence[Revision]:
        """Query the platform for the deployments of a service that it keeps."""
        ...

    def plan_rollback(self, service: Service, revision: Revision) -> tuple[Step, ...]:
        """Return the steps that send all requests to that revision."""
        ...

    def plan_removal(self, service: Service, current: CurrentState) -> tuple[Step, ...]:
        """Return the steps that delete the service and its schedule."""
        ...

    def secret_command(self, names: Sequence[str]) -> str:
        """Return the `edge secrets set` command for secrets that are missing."""
        ...


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What a person requests; `kept` are the functions that --prune does not remove."""

    workloads: Sequence[Workload]
    kept: frozenset[str] = frozenset()
    prunes: bool = False
    forces: bool = False


def make_plan(
    target: Target, request: DeployRequest, read_state: Callable[[], CurrentState | None]
) -> Plan:
    """Plan the request; `read_state` returns None if the platform cannot be reached.

    Raises DeployError that lists every invalid function or every missing secret.
    """
    validate_workloads(target, request.workloads)
    current = read_state()
    known = current or CurrentState()
    if request.forces:
        known = replace(known, schedules=dict.fromkeys(known.schedules, ""))
    _require_owned(target, request.workloads, known)
    environments = _resolve_environments(target, request.workloads, current)
    changes = [
        _change(
            target, workload, target.plan_rollout(workload, environment, known), current, request
        )
        for workload, environment in zip(request.workloads, environments, strict=True)
    ]
    if request.prunes:
        changes += _removals(target, request.kept, known)
    notes = {note: None for environment in environments for note in environment.notes}
    return Plan(tuple(changes), tuple(notes))


def validate_workloads(target: Target, workloads: Sequence[Workload]) -> None:
    """Raise DeployError that lists every function which the platform would reject."""
    errors = [f"{w.slug}: {error}" for w in workloads for error in target.validate(w)]
    if errors:
        raise DeployError("\n".join([*errors, "Nothing was deployed."]))


def _require_owned(target: Target, workloads: Sequence[Workload], current: CurrentState) -> None:
    settings = target.settings
    for workload in workloads:
        found = current.services.get(target.service_name(workload.slug))
        if found and (found.project, found.env) != (settings.project, settings.env):
            owner = f"{found.project} ({found.env})" if found.project else "another owner"
            raise DeployError(
                f"The service {found.name} exists already and belongs to {owner}, not to "
                f"{settings.project} ({settings.env}). Nothing was deployed.",
                cure="Set name_prefix in deploy.toml, or another place for this environment.",
            )


def _resolve_environments(
    target: Target, workloads: Sequence[Workload], current: CurrentState | None
) -> list[ServiceEnvironment]:
    held = current.secrets if current else None
    environments = [
        resolve_environment(workload.secrets, target.settings.for_function(workload.slug), held)
        for workload in workloads
    ]
    missing: dict[str, list[str]] = {}
    for workload, environment in zip(workloads, environments, strict=True):
        needed = [*environment.missing]
        if workload.schedule and held is not None and target.schedule_key not in held:
            needed.append(target.schedule_key)
        for name in dict.fromkeys(needed):
            missing.setdefault(name, []).append(workload.slug)
    if missing:
        lines = [f"{name} is not set for {', '.join(slugs)}." for name, slugs in missing.items()]
        raise DeployError(
            "\n".join([*lines, "Nothing was deployed."]),
            cure=f"{target.secret_command(list(missing))}\n"
            "  What a function can do without goes into optional_secrets of deploy.toml.",
        )
    return environments


def _change(
    target: Target,
    workload: Workload,
    rollout: Rollout,
    current: CurrentState | None,
    request: DeployRequest,
) -> Change:
    found = current.services.get(target.service_name(workload.slug)) if current else None
    verdict, steps = _judge(rollout, current, found, request)
    return Change(
        workload.slug,
        target.service_name(workload.slug),
        verdict,
        steps,
        digest=rollout.digest,
        deployed=found.digest if found else "",
    )


def _judge(
    rollout: Rollout, current: CurrentState | None, found: Service | None, request: DeployRequest
) -> tuple[Verdict, tuple[Step, ...]]:
    everything = (*rollout.steps, *rollout.upkeep)
    if current is None:
        return "unknown", everything
    if found is None:
        return "create", everything
    if found.digest != rollout.digest or request.forces:
        return "update", everything
    return ("update" if rollout.upkeep else "unchanged"), rollout.upkeep


def _removals(target: Target, kept: frozenset[str], current: CurrentState) -> list[Change]:
    settings = target.settings
    names = {target.service_name(slug) for slug in kept}
    return [
        Change(service.slug or name, name, "remove", target.plan_removal(service, current))
        for name, service in sorted(current.services.items())
        if (service.project, service.env) == (settings.project, settings.env) and name not in names
    ]
