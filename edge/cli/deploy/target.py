"""Deployment targets: parse --target and build the one that deploy.toml describes."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from edge.deploy.plan import Target
from edge.deploy.programs import GCLOUD, KUBECTL, Program, find_builder
from edge.deploy.secret_stores import KubernetesSecret, SecretManager, SecretStore
from edge.deploy.settings import TARGETS, Settings, TargetName, load_settings
from edge.deploy.targets.cloud_run import CloudRun
from edge.deploy.targets.knative import Knative
from edge.errors import EdgeError
from edge.project.config_toml import STATE_FOLDER


@dataclass(frozen=True, slots=True)
class Destination:
    """Target of one environment; `reader` queries it, `needed` are the programs to deploy with."""

    name: TargetName
    target: Target
    secrets: SecretStore
    reader: Program
    needed: tuple[Program, ...]


def open_settings(
    workdir: Path, target: str | None, env: str | None
) -> tuple[Settings, TargetName]:
    """Return the settings of `env` in deploy.toml, and the target: the option or the default."""
    settings = load_settings(workdir, env)
    return settings, parse_target(target) if target else settings.target


def parse_target(name: str) -> TargetName:
    """Validate a target's name. Raises EdgeError that suggests the closest match."""
    for known in TARGETS:
        if name == known:
            return known
    near = get_close_matches(name, TARGETS, n=1)
    cure = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(TARGETS)}"
    raise EdgeError(f"There is no target {name}.", cure=cure)


def open_destination(workdir: Path, settings: Settings, name: TargetName) -> Destination:
    """Return a target with services. Raises EdgeError if its settings are incomplete."""
    folder = workdir.resolve() / STATE_FOLDER / "deploy" / name / settings.env
    if name == "cloud-run":
        settings.cloud_run()
        target = CloudRun(settings, folder)
        return Destination(name, target, SecretManager(settings), GCLOUD, (GCLOUD,))
    if name == "knative":
        settings.knative()
        needed = (KUBECTL, find_builder())
        return Destination(
            name, Knative(settings, folder), KubernetesSecret(settings), KUBECTL, needed
        )
    raise EdgeError(
        f"The target {name} is one image: it has no services or secrets that edge could list.",
        cure="Use the tools of the platform that runs it, or another target: cloud-run, knative",
    )
