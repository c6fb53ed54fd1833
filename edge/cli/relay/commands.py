"""`edge relay`: TypeScript functions of a hosted project that pass requests to Python ones."""

from typing import Annotated

import typer

from edge.cli import options
from edge.cli.exit import failing_with_status_1

app = typer.Typer(
    help="Let the hosted project's own URL reach deployed functions.", no_args_is_help=True
)


@app.callback()
def relay() -> None:
    """Let the hosted project's own URL reach deployed functions."""


@app.command()
@failing_with_status_1
def write(  # noqa: PLR0913 - each is an option of the command
    names: Annotated[
        list[str] | None, options.function_names("The functions; all enabled ones by default.")
    ] = None,
    *,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where they are served, with {name} in it; else the target is asked.",
        ),
    ] = None,
    identity: Annotated[
        bool,
        typer.Option("--identity", help="Authenticate to a private Cloud Run service."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace functions that a person has written.")
    ] = False,
    target: options.Target = None,
    env: options.Env = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Write supabase/functions/NAME/index.ts, which passes requests to the Python function.

    The Supabase CLI deploys it: a frontend then calls functions.invoke("NAME") unchanged.
    """
    from edge.cli.deploy.planning import Selection, choose_functions
    from edge.cli.relay.writing import Addresses, find_relays, write_all

    functions = choose_functions(workdir, Selection(tuple(names or ()), everything=not names))
    addresses = Addresses(url, target, env, needs_identity=identity)
    write_all(workdir, functions, find_relays(workdir, functions, addresses), force=force)
