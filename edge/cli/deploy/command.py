"""`edge deploy`: deploy functions to a serverless platform, or build one image of all."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli import options
from edge.cli.exit import failing_with_status_1

Plan = Annotated[
    bool, typer.Option("--plan", help="Print the exact commands and manifests, change nothing.")
]
Relay = Annotated[
    bool,
    typer.Option(
        "--relay", help="Write supabase/functions/NAME/index.ts, which passes requests on."
    ),
]
WithMigrations = Annotated[
    bool,
    typer.Option(
        "--with-migrations", help="Push migrations too: what adds first, what removes last."
    ),
]
DbUrl = Annotated[
    str | None,
    typer.Option(envvar="SUPABASE_DB_URL", help="The database of --with-migrations."),
]


@failing_with_status_1
def deploy(  # noqa: PLR0913 - each is an option of the command
    names: Annotated[list[str] | None, options.function_names("The functions.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every enabled function.")] = False,
    target: options.Target = None,
    env: options.Env = None,
    plan: Plan = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove services whose function no longer exists.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Deploy unchanged functions too, to apply new secrets.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Functions deployed at once.")] = 2,
    out: Annotated[
        Path | None, typer.Option(help="container: where to write the build context.")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="container: build the image too (docker, podman).")
    ] = False,
    relay: Relay = False,
    with_migrations: WithMigrations = False,
    db_url: DbUrl = None,
    yes: options.Yes = False,
    output: options.Output = "pretty",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Deploy functions to cloud-run, knative or container; unchanged ones are skipped.

    Settings are in deploy.toml, secrets at the target: edge secrets set … --target …
    """
    from edge.cli.deploy.deployment import Deployment, Place
    from edge.cli.deploy.planning import ImageOptions, Selection
    from edge.cli.deploy.target import open_settings

    settings, chosen = open_settings(workdir, target, env)
    Deployment(
        Place(workdir, settings, chosen, env),
        Selection(tuple(names or ()), everything, prune, force),
        ImageOptions(out, build, is_dry=plan),
        writes_relays=relay,
        with_migrations=with_migrations,
        db_url=db_url,
    ).run(jobs, output, yes=yes)
