"""`edge test`: smoke checks, a few requests that show whether a deployment works."""

from typing import Annotated, Literal

import typer

from edge.cli import options
from edge.cli.exit import FAILED


def smoke(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Only this function; all by default.",
            autocompletion=options.complete_function,
        ),
    ] = None,
    *,
    env: Annotated[
        Literal["local", "staging", "production"], typer.Option(help="Which deployment.")
    ] = "local",
    url: Annotated[
        str | None,
        typer.Option(
            help="Its URL, if not SUPABASE_URL; https://{name}.example.com if each function has "
            "a separate one."
        ),
    ] = None,
    workdir: options.Workdir = options.HERE,
    env_file: options.EnvFile = None,
    output: options.Output = "pretty",
) -> None:
    """Check a deployment with requests that only read, or write marked test data.

    Keys of staging and production come from the shell, from --env-file, or from .env.staging and
    .env.production next to functions/. Exit status 1 if a check fails.
    """
    from urllib.parse import urlsplit

    from edge.cli import smoke_deployment
    from edge.cli.functions.lookup import find_function, require_functions
    from edge.project.hosted import LOOPBACK
    from edge.smoke.check import checks_of
    from edge.smoke.run import run_checks

    functions = [find_function(workdir, name)] if name else require_functions(workdir).values()
    checks = [(f.slug, check) for f in functions if f.manifest.enabled for check in checks_of(f)]
    if env == "local" and url is None:
        deployment = smoke_deployment.local_deployment(workdir)
    else:
        keys = env_file or smoke_deployment.default_env_file(workdir, env)
        deployment = smoke_deployment.remote_deployment(workdir, url, keys)
    is_here = urlsplit(deployment.url).hostname in LOOPBACK
    findings = list(run_checks(deployment, checks, is_here=is_here))
    smoke_deployment.show_findings(findings, output)
    if any(finding.verdict == "failed" for finding in findings):
        raise typer.Exit(FAILED)
