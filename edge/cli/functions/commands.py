"""`edge functions`: create, serve, list, invoke, log, deploy and delete functions."""

import shutil
from dataclasses import replace
from typing import Annotated, Literal

import typer

from edge.cli import options
from edge.cli.console import confirm, print_json, print_table, remark
from edge.cli.deploy.command import deploy
from edge.cli.functions.invoke import invoke
from edge.cli.logs import logs
from edge.errors import EdgeError

app = typer.Typer(
    help="Create, serve, list, call, deploy and delete functions.", no_args_is_help=True
)
app.command()(invoke)
app.command()(logs)
app.command()(deploy)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name, also its URL: send-invite.")],
    *,
    auth: Annotated[
        Literal["none", "apikey", "user"] | None,
        typer.Option(help="Who may call; the default depends on the template."),
    ] = None,
    template: Annotated[
        Literal["http", "webhook", "job", "llm"], typer.Option(help="What to start from.")
    ] = "http",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Write a new function: main.py, function.toml, requirements.txt and a test."""
    from edge.cli.scaffold.function import NewFunction, check_name, plan_function, write_files
    from edge.project.layout import find_functions
    from edge.project.manifest import discover

    check_name(name)
    wanted = NewFunction(name, template, auth)
    if wanted.slug in discover(find_functions(workdir)):
        raise EdgeError(f"The function {wanted.slug} exists already.", cure="Choose another name.")
    has_shared = (workdir / "shared" / "endpoint.py").is_file()
    files = plan_function(wanted, has_shared=has_shared)
    write_files(workdir, files)
    for path in files:
        remark(f"+ {path}", "green")
    remark(f"Try it: pytest tests/test_{wanted.folder}.py, or edge start")


@app.command()
def serve(  # noqa: PLR0913 - each is an option of the command
    names: Annotated[
        list[str] | None, options.function_names("Only these; all by default.")
    ] = None,
    *,
    workdir: options.Workdir = options.HERE,
    port: options.Port = None,
    host: options.Host = "127.0.0.1",
    env_file: options.EnvFile = None,
    no_verify_jwt: options.NoVerifyJwt = False,
    policy: options.PolicyChoice = None,
    limits: options.LimitsChoice = "local",
    no_reload: options.NoReload = False,
    inspect: options.Inspect = None,
    inspect_port: options.InspectPort = None,
    isolate_users: options.IsolateUsers = False,
    upstream: options.Upstream = None,
    no_fork: options.NoFork = False,
    log_format: options.LogFormatChoice = "text",
    output: options.Output = "pretty",
) -> None:
    """Serve functions until Ctrl-C, without a local database.

    With SUPABASE_URL and its keys set, they work on that project.
    """
    from edge.cli.start.serving import OutputFormat, serve
    from edge.project.settings import load_settings

    settings = load_settings(workdir, port=port, env_file=env_file)
    settings = replace(
        settings,
        extensions=replace(settings.extensions, processes=()),
        database=False,
        only=tuple(names or ()),
        host=host,
        verify_jwt=not no_verify_jwt,
        policy=policy or settings.policy,
        limits=limits,
        reload=not no_reload,
        inspect=inspect,
        inspect_port=inspect_port or settings.inspect_port,
        isolate_users=isolate_users,
        forks=not no_fork,
        upstream=options.check_upstream(upstream),
    )
    serve(settings, OutputFormat(output, log_format))


@app.command("list")
def list_functions(
    *,
    target: options.Target = None,
    env: options.Env = None,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Show the project's functions, or with --target those that are deployed."""
    if place := options.selected_target(target, env):
        from edge.cli.functions.deployed import list_at_target

        list_at_target(workdir, place, env, output)
        return
    from edge.cli.functions.inventory import COLUMNS, list_all

    found = list_all(workdir)
    if output == "json":
        print_json(found)
        return
    print_table(COLUMNS, ([row[name.lower()] for name in COLUMNS] for row in found))
    if any(row["status"] == "TYPESCRIPT" for row in found):
        remark(
            "TypeScript functions are served by `supabase functions serve` or your hosted project;"
            "\n`edge start --upstream URL` forwards their requests there.",
            "dim",
        )


@app.command()
def rollback(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The function; none for the container, which holds all.",
            autocompletion=options.complete_function,
        ),
    ] = None,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="DIGEST", help="The bundle; the former one by default."),
    ] = None,
    target: options.Target = None,
    env: options.Env = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the exact commands, change nothing.")
    ] = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Send all requests to the former bundle of a deployed function; the next deploy ends that."""
    from edge.cli.functions.rollback import roll_back

    roll_back(workdir, target, env, name, to, is_dry=plan)


@app.command()
def delete(
    name: options.FunctionName,
    *,
    target: options.Target = None,
    env: options.Env = None,
    yes: options.Yes = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Remove a function's folder, or with --target its deployed service."""
    if place := options.selected_target(target, env):
        from edge.cli.functions.deployed import delete_at_target

        delete_at_target(workdir, place, env, name, yes=yes)
        return
    from edge.cli.functions.lookup import find_function

    folder = find_function(workdir, name).folder
    confirm(f"Remove {folder} and everything in it?", yes=yes)
    if folder.is_symlink():
        folder.unlink()  # the folder it points to is not part of the project
    else:
        shutil.rmtree(folder)
    remark(f"Removed {folder}.")
    test = workdir / "tests" / f"test_{folder.name}.py"
    if test.exists():
        remark(f"Its test was kept: {test}")
