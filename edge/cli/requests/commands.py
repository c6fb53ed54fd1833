"""`edge requests` and `edge replay`: what the running stack has recorded."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.cli import options
from edge.cli.exit import FAILED
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.cli.requests.client import ConsoleClient


def requests(  # noqa: PLR0913 - each is an option of the command
    request_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One request, with all its parts.")
    ] = None,
    *,
    function: Annotated[
        str | None,
        typer.Option(help="Only of this function.", autocompletion=options.complete_function),
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="Such as 404, 5xx, error or ok; several with commas.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="An age (90s, 10m, 2h, 1d) or a time (2026-01-31T09:00).")
    ] = None,
    search: Annotated[
        str | None, typer.Option(help="Text in the path, the error, an id or a body.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="function, rest, auth, storage, realtime or provider.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many of the last ones.")] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new ones until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Show recorded requests, the newest last; with an ID, one with its spans, logs and bodies."""
    from edge.cli.console import print_json
    from edge.cli.requests.client import open_client
    from edge.cli.requests.view import print_request

    with open_client(workdir) as client:
        if request_id:
            found = client.get(f"/requests/{request_id}")
            if as_json:
                print_json(found)
            else:
                print_request(found)
            return
        query = {"function": function and function.replace("_", "-"), "status": status}
        query |= {"from": since, "q": search, "kind": kind}
        _list(client, query, limit, as_json=as_json, follow=follow)


def _list(
    client: "ConsoleClient",
    query: dict[str, str | None],
    limit: int,
    *,
    as_json: bool,
    follow: bool,
) -> None:
    for item in reversed(client.get("/requests", limit=str(limit), **query)["data"]):
        _print_item(item, as_json=as_json)
    if follow:
        query.pop("from")
        for item in client.follow("/requests/stream", **query):
            _print_item(item, as_json=as_json)


def _print_item(item: dict[str, Any], *, as_json: bool) -> None:
    import sys
    from datetime import datetime

    from edge.cli.console import answers, print_json
    from edge.cli.requests.view import render_request

    if as_json:
        print_json(item, indent=None)
    else:
        answers.print(render_request(item, datetime.now().astimezone()))
    sys.stdout.flush()


def replay(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="As `edge requests` shows it.")],
    *,
    caller: Annotated[
        str,
        typer.Option("--as", help="same, anon, service_role, none, or a user's id."),
    ] = "same",
    body: Annotated[
        str | None,
        typer.Option("--body", "-d", help="Another body: JSON or text, @FILE, or - for stdin."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts.")] = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Send a recorded request again, and show how the answer differs.

    Exit status 1 when the new answer is 4xx or 5xx.
    """
    from rich.text import Text

    from edge.cli.console import answers, print_json
    from edge.cli.requests.client import open_client
    from edge.cli.requests.view import print_body, print_diff

    asked: dict[str, Any] = {"as": _read_caller(caller)}
    if body is not None:
        asked["body"] = _read_body(body)
    with open_client(workdir) as client:
        answer = client.post(f"/requests/{request_id}/replay", asked)
    if as_json:
        print_json(answer)
    else:
        answers.print(Text(f"{answer['status']}  {answer['id']}", "bold"))
        print_body(answer["body"], answer["encoding"])
        print_diff(answer["diff"])
    if answer["status"] >= 400:
        raise typer.Exit(FAILED)


def _read_caller(text: str) -> object:
    if text in {"same", "anon", "service_role", "none"}:
        return text
    if text.count("-") != 4:
        raise EdgeError(
            f"--as {text} is no caller.", cure="Use same, anon, service_role, none, or a user's id."
        )
    return {"sub": text}


def _read_body(text: str) -> object:
    import base64

    from edge.cli.functions.call import read_body

    content = read_body(text) or b""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
