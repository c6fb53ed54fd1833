"""`edge functions rollback`: to the former bundle of a function, by digest."""

from pathlib import Path

import typer

from edge.cli.console import remark
from edge.cli.deploy.target import open_settings
from edge.cli.exit import failing_with_status_1
from edge.cli.functions.deployed import open_place, require_service
from edge.deploy.execute import perform
from edge.deploy.programs import find_builder
from edge.deploy.rendering import render_step
from edge.deploy.rollback import Revision, choose_former
from edge.deploy.settings import Settings
from edge.deploy.steps import Step
from edge.deploy.targets.container import Container
from edge.errors import EdgeError
from edge.project.config_toml import STATE_FOLDER

_SHORT_DIGEST = 12


@failing_with_status_1
def roll_back(
    workdir: Path,
    target: str | None,
    env: str | None,
    name: str | None,
    to: str | None,
    *,
    is_dry: bool,
) -> None:
    """Choose the revision, and show or execute the steps that lead back to it."""
    settings, chosen = open_settings(workdir, target, env)
    if chosen == "container":
        revision, steps = _plan_container(workdir, settings, name, to)
        after = f"Start its containers again, with {settings.container().image}."
    else:
        revision, steps = _plan_service(workdir, target, env, name, to)
        after = "The next `edge deploy` of it sends requests to what it deploys."
    place = f"{chosen}, environment {settings.env}"
    what = f"{name or settings.container().image} at {place}"
    remark(f"{what}: back to {revision.digest[:_SHORT_DIGEST]} ({revision.name})", "bold")
    for step in steps:
        if is_dry:
            typer.echo("\n".join(render_step(step)))
        else:
            remark(f"▸ {step.why}")
            perform(step)
    if not is_dry:
        remark(f"Done. {after}", "green")


def _plan_service(
    workdir: Path, target: str | None, env: str | None, name: str | None, to: str | None
) -> tuple[Revision, tuple[Step, ...]]:
    if name is None:
        raise EdgeError("No function is named.", cure="edge functions rollback NAME")
    destination = open_place(workdir, target, env)
    service = require_service(destination, destination.target.read_state(()), name)
    revisions = destination.target.read_revisions(service)
    revision = choose_former(service.name, revisions, to)
    return revision, destination.target.plan_rollback(service, revision)


def _plan_container(
    workdir: Path, settings: Settings, name: str | None, to: str | None
) -> tuple[Revision, tuple[Step, ...]]:
    if name is not None:
        raise EdgeError(
            "The container is one image of all functions.",
            cure="Without a name: edge functions rollback --target container",
        )
    find_builder().require()
    folder = workdir.resolve() / STATE_FOLDER / "deploy" / "container"
    container = Container(settings, workdir, folder)
    revision = choose_former(settings.container().image, container.read_revisions(), to)
    return revision, container.plan_rollback(revision)
