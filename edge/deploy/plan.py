"""Compares what is to run with what runs, and lists what would be done about it: data, no deeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from edge.deploy.errors import DeployError
from edge.deploy.service_environment import Wiring, wire
from edge.deploy.settings import Settings
from edge.deploy.steps import Step
from edge.deploy.workload import Workload

Verdict = Literal["create", "update", "unchanged", "unknown", "remove"]


@dataclass(frozen=True, slots=True)
class Service:
    """What runs under a name, as its labels tell; without a `project` it is none of ours.

    Without a `digest` it is not what was last deployed, or does not serve.
    """

    name: str
    project: str = ""
    env: str = ""
    slug: str = ""
    digest: str = ""
    url: str = ""
    updated: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """What a target has now; `schedules` are their digests, `number` the Google Cloud project's."""

    services: Mapping[str, Service] = field(default_factory=dict[str, Service])
    secrets: frozenset[str] = frozenset()
    schedules: Mapping[str, str] = field(default_factory=dict[str, str])
    number: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """All that deploys one function; `upkeep` follows, also when its digest has not changed."""

    digest: str
    steps: tuple[Step, ...]
    upkeep: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one function's service, or to the one image of all."""

    slug: str
    service: str
    verdict: Verdict
    steps: tuple[Step, ...] = ()
    is_function: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be done, in order; `notes` are what a person should know besides."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def removals(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.verdict == "remove")


class Target(Protocol):
    """A platform; only `look` and the executed steps reach it."""

    @property
    def settings(self) -> Settings: ...

    @property
    def schedule_key(self) -> str:
        """The secret that scheduled calls are made with."""
        ...

    def service_name(self, slug: str) -> str: ...

    def faults(self, workload: Workload) -> Sequence[str]:
        """Why the platform would refuse the function."""
        ...

    def look(self, workloads: Sequence[Workload]) -> Present: ...

    def roll_out(self, workload: Workload, wiring: Wiring, present: Present) -> Rollout: ...

    def remove(self, service: Service, present: Present) -> tuple[Step, ...]: ...

    def secret_command(self, names: Sequence[str]) -> str: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for; `kept` are the functions that --prune leaves alone."""

    workloads: Sequence[Workload]
    kept: frozenset[str] = frozenset()
    prunes: bool = False
    forces: bool = False


def make_plan(target: Target, wish: Wish, look: Callable[[], Present | None]) -> Plan:
    """The plan; DeployError names everything that stands against it, before anything is done."""
    require_acceptable(target, wish.workloads)
    present = look()
    known = present or Present()
    if wish.forces:
        known = replace(known, schedules=dict.fromkeys(known.schedules, ""))
    _require_ours(target, wish.workloads, known)
    wirings = _wire_all(target, wish.workloads, present)
    changes = [
        _change(target, workload, target.roll_out(workload, wiring, known), present, wish)
        for workload, wiring in zip(wish.workloads, wirings, strict=True)
    ]
    if wish.prunes:
        changes += _removals(target, wish.kept, known)
    notes = {note: None for wiring in wirings for note in wiring.notes}
    return Plan(tuple(changes), tuple(notes))


def require_acceptable(target: Target, workloads: Sequence[Workload]) -> None:
    """Raise an error that names every function which the platform would refuse."""
    faults = [f"{w.slug}: {fault}" for w in workloads for fault in target.faults(w)]
    if faults:
        raise DeployError("\n".join([*faults, "Nothing was deployed."]))


def _require_ours(target: Target, workloads: Sequence[Workload], present: Present) -> None:
    settings = target.settings
    for workload in workloads:
        found = present.services.get(target.service_name(workload.slug))
        if found and (found.project, found.env) != (settings.project, settings.env):
            whose = f"{found.project} ({found.env})" if found.project else "somebody else"
            raise DeployError(
                f"The service {found.name} is there already and belongs to {whose}, not to "
                f"{settings.project} ({settings.env}). Nothing was deployed.",
                cure="Set name_prefix in deploy.toml, or another place for this environment.",
            )


def _wire_all(
    target: Target, workloads: Sequence[Workload], present: Present | None
) -> list[Wiring]:
    held = present.secrets if present else None
    wirings = [wire(workload.secrets, target.settings, held) for workload in workloads]
    missing: dict[str, list[str]] = {}
    for workload, wiring in zip(workloads, wirings, strict=True):
        needed = [*wiring.missing]
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
    return wirings


def _change(
    target: Target, workload: Workload, rollout: Rollout, present: Present | None, wish: Wish
) -> Change:
    name = target.service_name(workload.slug)
    everything = (*rollout.steps, *rollout.upkeep)
    if present is None:
        return Change(workload.slug, name, "unknown", everything)
    found = present.services.get(name)
    if found is None:
        return Change(workload.slug, name, "create", everything)
    if found.digest != rollout.digest or wish.forces:
        return Change(workload.slug, name, "update", everything)
    verdict: Verdict = "update" if rollout.upkeep else "unchanged"
    return Change(workload.slug, name, verdict, rollout.upkeep)


def _removals(target: Target, kept: frozenset[str], present: Present) -> list[Change]:
    settings = target.settings
    names = {target.service_name(slug) for slug in kept}
    return [
        Change(service.slug or name, name, "remove", target.remove(service, present))
        for name, service in sorted(present.services.items())
        if (service.project, service.env) == (settings.project, settings.env) and name not in names
    ]
