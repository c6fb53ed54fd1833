"""`edge functions invoke`: call a function with the anon key, as a user or as the service."""

from typing import Annotated

import typer

from edge.cli import options
from edge.cli.exit import FAILED
from edge.errors import EdgeError


def invoke(  # noqa: PLR0913 - each is an option of the command
    name: options.FunctionName,
    *,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", help="The body: JSON or text, @FILE, or - for stdin."),
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="As this user of auth.users.")
    ] = None,
    anon: Annotated[bool, typer.Option("--anon", help="With the anon key (default).")] = False,
    service: Annotated[bool, typer.Option("--service", help="As the service role.")] = False,
    method: Annotated[str | None, typer.Option("--method", "-X", help="POST by default.")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="NAME: VALUE; may be repeated.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Another project; keys from SUPABASE_ANON_KEY and …SERVICE_ROLE_KEY."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to the next byte.")] = 400,
    output: options.Output = "pretty",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Call a function: the body goes to standard output, the status to standard error.

    Exit status 1 when the response is not 2xx.
    """
    from edge.cli.functions.call import Call, parse_header, perform, read_body
    from edge.cli.functions.caller import choose_caller, credentials, find_target

    caller = choose_caller(user=user, anon=anon, service=service)
    target = find_target(workdir, url)
    slug = name if url else _known_slug(workdir, name)
    given = [parse_header(text) for text in header or ()]
    call = Call(
        url=f"{target.url}/functions/v1/{slug}",
        method=(method or "POST").upper(),
        headers=[*credentials(target, caller, given).items(), *given],
        body=read_body(data),
        timeout=timeout,
    )
    if not perform(call, as_json=output == "json"):
        raise typer.Exit(FAILED)


def _known_slug(workdir: "options.Path", name: str) -> str:
    """Return the function's slug with the rest of the path: `name/sub/path` is allowed."""
    from edge.cli.functions.lookup import find_function

    slug, separator, rest = name.partition("/")
    if not slug:
        raise EdgeError(f"{name} does not begin with a function's name.")
    return find_function(workdir, slug).slug + separator + rest
