"""`edge db`: open psql, apply migrations, reset the local database, push to a hosted one."""

import os
from typing import Annotated

import typer

from edge.cli import options
from edge.cli.console import confirm, print_json, remark
from edge.cli.running import require_database, require_running

app = typer.Typer(help="The local database.", no_args_is_help=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, *, workdir: options.Workdir = options.HERE) -> None:
    """Open psql on the running stack; other options go to psql: edge db psql -c 'select 1'."""
    from edge.cli.db.local import find_psql

    url = require_database(require_running(workdir))
    program = str(find_psql())
    os.execv(program, [program, url, *context.args])  # noqa: S606 - psql takes over the terminal


@app.command()
def migrate(*, workdir: options.Workdir = options.HERE, output: options.Output = "pretty") -> None:
    """Apply new migrations to the running stack."""
    from edge.cli.db.local import apply_new

    applied = apply_new(workdir, require_database(require_running(workdir)))
    _report(applied, output)


@app.command()
def reset(
    *,
    yes: options.Yes = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Drop all data, then apply every migration and the seed; also while the stack runs."""
    from edge.cli.db.local import recreate

    confirm("Drop everything in the local database?", yes=yes)
    _report(recreate(workdir), output)


@app.command()
def push(
    *,
    db_url: Annotated[
        str,
        typer.Option(
            envvar="SUPABASE_DB_URL",
            help="The project's connection string, of a direct or session-mode connection.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, change nothing.")
    ] = False,
    include_all: Annotated[
        bool, typer.Option("--include-all", help="Include those older than the last one applied.")
    ] = False,
    yes: options.Yes = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Apply new migrations to a hosted project, each in one transaction."""
    from edge.cli.db.push import Push

    pushing = Push(db_url, workdir, include_all=include_all)
    waiting = pushing.plan()
    if dry_run:
        _report_plan(waiting, output)
        return
    if waiting:
        for name in waiting:
            remark(f"new {name}", "dim")
        confirm(f"Apply these {len(waiting)} to {pushing.host}?", yes=yes)
    _report(pushing.apply(), output)


def _report_plan(waiting: list[str], output: options.Format) -> None:
    if output == "json":
        print_json({"would_apply": waiting})
        return
    for name in waiting:
        remark(f"would apply {name}", "dim")
    remark("Nothing was changed." if waiting else "There is nothing new.")


def _report(applied: list[str], output: options.Format) -> None:
    if output == "json":
        print_json({"applied": applied})
        return
    for name in applied:
        remark(f"applied {name}", "dim")
    remark("Done." if applied else "There is nothing new.")
