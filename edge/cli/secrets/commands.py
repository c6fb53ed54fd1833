"""`edge secrets`: set, list and remove secrets in functions/.env; values are never printed."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli import options
from edge.cli.console import print_json, print_table, remark
from edge.errors import EdgeError

app = typer.Typer(
    help="Set, list and remove secrets. A function gets those that its function.toml lists.",
    no_args_is_help=True,
)
Scope = Annotated[
    str | None,
    typer.Option(
        "--function",
        metavar="NAME",
        help="For this function only; overrides those set for all.",
        autocompletion=options.complete_function,
    ),
]


@app.command("set")
def set_secrets(
    pairs: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE...")] = None,
    *,
    env_file: Annotated[Path | None, typer.Option(help="Also set the pairs of this file.")] = None,
    function: Scope = None,
    target: options.Target = None,
    env: options.Env = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Set secrets for workers that start from now on.

    With --target, set those of a deployment.
    """
    from edge.cli.secrets.store import open_store, warn_undeclared
    from edge.project.env_file import RESERVED_PREFIX, EnvFile, parse_pair

    if env_file and not env_file.is_file():
        raise EdgeError(f"There is no env file {env_file}.")
    given = EnvFile(env_file).read() if env_file else {}
    given |= dict(parse_pair(pair) for pair in pairs or ())
    if place := _at_target(target, env, function):
        from edge.cli.secrets.deployed import set_at_target

        set_at_target(workdir, place, env, given)
        return
    store = open_store(workdir, function)
    wanted = {name: value for name, value in given.items() if not name.startswith(RESERVED_PREFIX)}
    for name in given.keys() - wanted.keys():
        remark(f"Env name cannot start with {RESERVED_PREFIX}, skipping: {name}", "yellow")
    if not wanted:
        raise EdgeError("No arguments found. Use --env-file to read from a .env file.")
    store.set(wanted)
    remark(f"Set {', '.join(wanted)} in {store.path}.")
    warn_undeclared(workdir, function, wanted)


@app.command("list")
def list_secrets(
    *,
    function: Scope = None,
    target: options.Target = None,
    env: options.Env = None,
    output: options.Output = "pretty",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Show the secrets' names and digests (SHA-256), never their values."""
    if place := _at_target(target, env, function):
        from edge.cli.secrets.deployed import list_at_target

        list_at_target(workdir, place, env, output)
        return
    from edge.cli.secrets.store import open_store
    from edge.project.env_file import digest_secret

    secrets = sorted(open_store(workdir, function).read().items())
    if output == "json":
        print_json([{"name": name, "digest": digest_secret(value)} for name, value in secrets])
    else:
        print_table(("NAME", "DIGEST"), [(name, digest_secret(value)) for name, value in secrets])


@app.command()
def unset(  # noqa: PLR0913 - each is an option of the command
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All but SUPABASE_….")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be removed, change nothing.")
    ] = False,
    function: Scope = None,
    target: options.Target = None,
    env: options.Env = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Remove secrets."""
    if place := _at_target(target, env, function):
        from edge.cli.secrets.deployed import Removal, unset_at_target

        unset_at_target(workdir, place, env, Removal(tuple(names or ()), everything, dry_run))
        return
    from edge.cli.secrets.store import choose, open_store

    store = open_store(workdir, function)
    gone = choose(store.read(), names or (), everything=everything)
    if gone and not dry_run:
        store.unset(gone)
    verb = "Would remove" if dry_run else "Removed"
    remark(f"{verb} {', '.join(gone)}." if gone else "There is nothing to remove.")


def _at_target(target: str | None, env: str | None, function: str | None) -> str | None:
    """Return the target, None for this machine. Raises EdgeError for --function with --target."""
    if target and function:
        raise EdgeError(
            "--function cannot be combined with --target.",
            cure="At a target, every function that lists a secret gets it: leave out --function.",
        )
    return options.selected_target(target, env)
