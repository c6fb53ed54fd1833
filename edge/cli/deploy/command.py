"""`edge deploy`: put functions on a serverless platform, each alone, or all into one image."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli import options
from edge.cli.exit import failing_with_status_1


@failing_with_status_1
def deploy(  # noqa: PLR0913 - each is an option of the command
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="The functions.", autocompletion=options.complete_function
        ),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are enabled.")] = False,
    target: options.Target = None,
    env: options.Env = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the exact commands and manifests, do nothing.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove services that have no function any more.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what has not changed, to take new secrets.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="So many functions at once.")] = 2,
    out: Annotated[
        Path | None, typer.Option(help="container: where to write the build context.")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="container: build the image too (docker, podman).")
    ] = False,
    yes: options.Yes = False,
    output: options.Output = "pretty",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Deploy functions to cloud-run, knative or container; what has not changed is skipped.

    Settings are in deploy.toml, secrets at the target: edge secrets set … --target …
    """
    from edge.cli.deploy.planning import Context, Order, plan_container, plan_services
    from edge.cli.deploy.target import open_settings
    from edge.cli.deploy.view import Manner, carry_out, show_plan

    settings, chosen = open_settings(workdir, target, env)
    order = Order(tuple(names or ()), everything, prune, force)
    if chosen == "container":
        made = plan_container(settings, workdir, order, Context(out, builds=build, is_dry=plan))
    else:
        made = plan_services(settings, workdir, order, chosen, is_dry=plan)
    if plan:
        show_plan(made, output)
        return
    again = f"edge deploy {{names}} --target {chosen}" + (f" --env {env}" if env else "")
    again += "" if workdir == options.HERE else f" --workdir {workdir}"
    place = f"{chosen}, environment {settings.env}"
    carry_out(made, Manner(place, jobs, yes, output, again))
