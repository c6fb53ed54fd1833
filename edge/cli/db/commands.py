"""`edge db`: psql, migrations, reset, diff and tests of the local database; push and pull."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import options
from edge.cli.console import confirm, print_json, print_text, remark
from edge.cli.exit import FAILED, OPERATOR_ERROR
from edge.cli.running import require_database, require_running

if TYPE_CHECKING:
    from edge.emulator.postgres.blockers import Blocker
    from edge.emulator.postgres.project_schema import Outcome

app = typer.Typer(help="The local database.", no_args_is_help=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, *, workdir: options.Workdir = options.HERE) -> None:
    """Open psql on the running stack; other options go to psql: edge db psql -c 'select 1'."""
    from edge.cli.db.local import find_psql

    url = require_database(require_running(workdir))
    program = str(find_psql())
    os.execv(program, [program, url, *context.args])  # noqa: S606 - psql takes over the terminal


@app.command()
def migrate(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Try all of them in a scratch database, list what fails."),
    ] = False,
    keep_going: options.KeepGoing = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Apply new migrations to the running stack."""
    from edge.cli.db.local import apply_new, check_all

    if check:
        _report_check(workdir, check_all(workdir), output)
        return
    database = require_database(require_running(workdir))
    _report_outcome(workdir, apply_new(workdir, database, keep_going=keep_going), output)


@app.command()
def reset(
    *,
    keep_going: options.KeepGoing = False,
    yes: options.Yes = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Drop all data, then apply every migration and the seed; also while the stack runs."""
    from edge.cli.db.local import recreate

    confirm("Drop everything in the local database?", yes=yes)
    _report_outcome(workdir, recreate(workdir, keep_going=keep_going), output)


@app.command()
def push(
    *,
    db_url: Annotated[
        str | None,
        typer.Option(
            envvar="SUPABASE_DB_URL",
            help="The project's connection string, direct or in session mode; else the linked one.",
        ),
    ] = None,
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
    from edge.cli.db.url import choose_url

    pushing = Push(choose_url(db_url, workdir), workdir, include_all=include_all)
    waiting = pushing.plan()
    if dry_run:
        _report_plan(waiting, output)
        return
    if waiting:
        for name in waiting:
            remark(f"new {name}", "dim")
        confirm(f"Apply these {len(waiting)} to {pushing.host}?", yes=yes)
    _report(pushing.apply(), output)


@app.command()
def pull(
    *,
    db_url: Annotated[
        str | None,
        typer.Option(envvar="SUPABASE_DB_URL", help="Its connection string; else the linked one."),
    ] = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Write the schema of a hosted project into supabase/: the first migration if there is none."""
    from edge.cli.db.pull import pull as pull_schema
    from edge.cli.db.url import choose_url

    path = pull_schema(choose_url(db_url, workdir), workdir)
    remark(f"Wrote {path}.")
    if path.parent.name != "migrations":
        remark("Your migrations are kept as they are: take from it what they lack.", "dim")


@app.command()
def diff(
    *,
    name: Annotated[
        str | None,
        typer.Option("--file", "-f", metavar="NAME", help="Write supabase/migrations/…_NAME.sql."),
    ] = None,
    schema: Annotated[
        list[str] | None, typer.Option("--schema", "-s", help="Only these, separated by commas.")
    ] = None,
    linked: Annotated[
        bool, typer.Option("--linked", help="Compare the linked project's database.")
    ] = False,
    db_url: Annotated[
        str | None, typer.Option(help="Compare the database of this connection string.")
    ] = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Print what the local database has and the migrations do not make, as a new migration.

    With --linked or --db-url, what the hosted project's database has. Nothing is changed there.
    """
    from edge.cli.db.diff import check_name, compare, write_hosted_migration, write_migration
    from edge.cli.db.url import choose_url

    if name is not None:
        check_name(name)
    schemas = [one.strip() for each in schema or () for one in each.split(",") if one.strip()]
    hosted = choose_url(db_url, workdir) if linked or db_url else None
    compared = compare(workdir, schemas, hosted)
    for note in (*compared.notes, *compared.difference.notes):
        remark(note, "yellow")
    difference = compared.difference
    if difference.is_empty:
        remark("No schema changes found.")
        return
    if name is None:
        print_text(difference.as_sql())
    elif hosted:
        path = write_hosted_migration(workdir, name, difference)
        remark(f"Wrote {path}. The hosted database has these changes: note it there as applied, or")
        remark("`edge db push` applies it again: insert into supabase_migrations.schema_migrations")
        remark(f"(version, name) values ('{path.name[:14]}', '{name}');")
    else:
        path = write_migration(workdir, name, difference)
        remark(f"Wrote {path}, which counts as applied here: the local database has these changes.")
    if count := len(difference.unresolved):
        remark(f"{count} of the differences could not be expressed: see its comments.", "yellow")


@app.command("test")
def run_tests(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders; else supabase/tests."),
    ] = None,
    *,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds that a file may take before it is stopped.")
    ] = 600,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Run pgTAP tests on the running stack's database, else on one with migrations and seeds."""
    from edge.cli.db.tap_view import TapView
    from edge.cli.db.testing import find_tests, open_database
    from edge.cli.db.testing import run_tests as run

    files = find_tests(workdir, paths or ())
    view = TapView(workdir.resolve(), output)
    with open_database(workdir) as url:
        for result in run(url, files, timeout):
            view.show(result)
    if not view.finish():
        raise typer.Exit(FAILED)


def _report_plan(waiting: list[str], output: options.Format) -> None:
    if output == "json":
        print_json({"would_apply": waiting})
        return
    for name in waiting:
        remark(f"would apply {name}", "dim")
    remark("Nothing was changed." if waiting else "There is nothing new.")


def _report_check(workdir: Path, blockers: "list[Blocker]", output: options.Format) -> None:
    from edge.emulator.postgres.blockers import describe_blockers

    if output == "json":
        print_json({"blockers": [_blocker(workdir, blocker) for blocker in blockers]})
    elif not blockers:
        remark("The local Postgres takes every migration.", "green")
    else:
        for line in describe_blockers(blockers, workdir.resolve()):
            remark(line)
    if blockers:
        raise typer.Exit(FAILED)


def _report_outcome(workdir: Path, outcome: "Outcome", output: options.Format) -> None:
    from edge.cli.start.schema_report import describe_failure

    applied = [migration.path.name for migration in outcome.applied]
    if output == "json":
        details = {
            "not_applied": [migration.path.name for migration in outcome.left],
            "seeded": [path.name for path in outcome.seeded],
            "blockers": [_blocker(workdir, blocker) for blocker in outcome.blockers],
        }
        print_json(
            {"applied": applied, **{name: value for name, value in details.items() if value}}
        )
    else:
        for note in outcome.notes:
            remark(note, "dim")
        for path in outcome.seeded:
            applied.append(path.name)
        for line in describe_failure(outcome, workdir.resolve()):
            remark(line, "yellow")
        if not outcome.blockers:
            _report(applied, output)
    if outcome.left or (outcome.blockers and not outcome.left_out):
        raise typer.Exit(OPERATOR_ERROR)


def _blocker(workdir: Path, blocker: "Blocker") -> dict[str, str | int]:
    root = workdir.resolve()
    path = blocker.path.relative_to(root) if blocker.path.is_relative_to(root) else blocker.path
    return {
        "file": path.as_posix(),
        "line": blocker.line,
        "statement": blocker.statement,
        "sqlstate": blocker.sqlstate,
        "message": blocker.message,
        "cause": blocker.cause,
        "cure": blocker.cure,
    }


def _report(applied: list[str], output: options.Format) -> None:
    if output == "json":
        print_json({"applied": applied})
        return
    for name in applied:
        remark(f"applied {name}", "dim")
    remark("Done." if applied else "There is nothing new.")
