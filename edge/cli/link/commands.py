"""`edge link` and `edge unlink`: which hosted project this folder belongs to."""

import sys
from getpass import getpass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edge.cli import options
from edge.cli.console import remark
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.cli.link.linking import Linked


def link(  # noqa: PLR0913 - each is an option of the command
    *,
    project_ref: Annotated[
        str | None,
        typer.Option(envvar="SUPABASE_PROJECT_ID", help="The project's ref: 20 letters."),
    ] = None,
    env: Annotated[
        Literal["production", "staging"],
        typer.Option(help="Of .env.production or .env.staging."),
    ] = "production",
    publishable_key: Annotated[
        str | None, typer.Option(help="Instead of asking the Management API: sb_publishable_…")
    ] = None,
    secret_key: Annotated[str | None, typer.Option(help="The same: sb_secret_…")] = None,
    db_url: Annotated[str | None, typer.Option(help="The database's connection string.")] = None,
    password: Annotated[
        str | None,
        typer.Option(
            "--password",
            "-p",
            envvar="SUPABASE_DB_PASSWORD",
            show_envvar=True,
            help="The database's password, of which the connection string is made.",
        ),
    ] = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Write a hosted project's URL and keys into .env.production, mode 600.

    Keys come from the Management API with SUPABASE_ACCESS_TOKEN, else from options or a prompt.
    """
    from edge.cli.db.url import describe_host
    from edge.cli.link import linking
    from edge.cli.link.management import Management
    from edge.cli.link.profile import read_profile
    from edge.project.environment import environ_or_default

    workdir, environ = workdir.resolve(), environ_or_default(None)
    ref = linking.check_ref(project_ref or linking.linked_ref(workdir) or _ask_ref())
    profile = read_profile(environ)
    token = environ.get("SUPABASE_ACCESS_TOKEN", "").strip()
    api = Management(profile.api_url, token) if token else None
    if api and not publishable_key and not secret_key:
        variables = linking.name_keys(api.api_keys(ref))
    else:
        given = linking.check_key("--publishable-key", publishable_key or _ask("Publishable key"))
        secret = linking.check_key("--secret-key", secret_key or _ask("Secret key"))
        variables = linking.name_given(given, secret)
    if password and not db_url:
        pooler = api.pooler(ref) if api else None
        db_url = linking.build_db_url(ref, profile.project_host, password, pooler)
    if db_url:
        describe_host(db_url)
        variables["SUPABASE_DB_URL"] = db_url
    url = f"https://{ref}.{profile.project_host}"
    _report(linking.link(workdir, env, ref, {"SUPABASE_URL": url, **variables}), ref, env)


def unlink(*, workdir: options.Workdir = options.HERE) -> None:
    """Forget the linked project, and remove its URL and keys from the env files."""
    from edge.cli.link import linking
    from edge.cli.link.profile import read_profile
    from edge.project.environment import environ_or_default

    profile = read_profile(environ_or_default(None))
    ref, changed = linking.unlink(workdir.resolve(), profile.project_host)
    names = ", ".join(str(path) for path in changed)
    remark(f"Unlinked {ref}." + (f" Its variables were removed from {names}." if names else ""))


def _report(linked: "Linked", ref: str, env: str) -> None:
    remark(f"Linked with {ref}. Wrote {', '.join(linked.names)} to {linked.path}.")
    if linked.ignored:
        remark(f"Added to .gitignore: {', '.join(linked.ignored)}", "dim")
    if "SUPABASE_DB_URL" not in linked.names:
        remark("For the database's connection string add --password or --db-url.", "dim")
    remark(f"Use it: edge functions serve --env-file .env.{env}, edge test --env {env}", "dim")


def _ask_ref() -> str:
    if not sys.stdin.isatty():
        raise EdgeError("Which project?", cure="edge link --project-ref REF")
    return typer.prompt("Project ref", err=True).strip()


def _ask(what: str) -> str:
    """Prompt for a key without showing it. Raises EdgeError without a terminal."""
    if not sys.stdin.isatty():
        raise EdgeError(
            f"The {what.lower()} is missing, and there is no terminal to ask at.",
            cure="Set SUPABASE_ACCESS_TOKEN, or pass --publishable-key and --secret-key.",
        )
    return getpass(f"{what}: ").strip()
