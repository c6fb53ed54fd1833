"""`edge logs`: output of functions and events of the runtime, including earlier runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from edge.cli import options
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.logs.query import Query


def logs(  # noqa: PLR0913 - each is an option of the command
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="The function.", autocompletion=options.complete_function
        ),
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new entries until Ctrl-C.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="An age (90s, 10m, 2h, 1d) or a time (2026-01-31T09:00).")
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="Lowest level shown: debug, info, warning or error.")
    ] = None,
    search: Annotated[str, typer.Option(help="Only entries that contain this text.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many of the last entries.")] = 100,
    target: options.Target = None,
    env: options.Env = None,
    output: options.Output = "pretty",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Show the last log entries, and with -f new ones.

    With --target, the log of a deployed function.
    """
    from edge.cli.log_view import print_entry
    from edge.cli.running import state_dir
    from edge.logs.reader import LogReader

    query = _query(name, since, level, search)
    if place := options.selected_target(target, env):
        _show_deployed(Deployed(workdir, place, env, output), name, query, limit, follow=follow)
        return
    reader = LogReader(state_dir(workdir) / "logs", query)
    entries = reader.read_last(limit)
    if name and not entries:
        _require_known(workdir, name)
    for entry in entries:
        print_entry(entry, output)
    if follow:
        for entry in reader.follow():
            print_entry(entry, output)


def _query(name: str | None, since: str | None, level: str | None, search: str) -> "Query":
    from datetime import datetime

    from edge.logs.query import Query, parse_level, parse_moment

    return Query(
        functions=frozenset({name.replace("_", "-")} if name else ()),
        since=parse_moment(since, datetime.now().astimezone()) if since else None,
        level=parse_level(level) if level else None,
        search=search,
    )


def _require_known(workdir: Path, name: str) -> None:
    """Raise EdgeError unless a function or process has this name; it may have no entries yet."""
    from edge.cli.functions.lookup import find_function
    from edge.project.extensions import read_extensions

    if name not in {process.name for process in read_extensions(workdir).processes}:
        find_function(workdir, name)


class Deployed(NamedTuple):
    """Deployment to read the log of, and the output format."""

    workdir: Path
    target: str
    env: str | None
    output: options.Format


def _show_deployed(
    place: Deployed, name: str | None, query: "Query", limit: int, *, follow: bool
) -> None:
    from edge.cli.functions.deployed import logs_at_target
    from edge.deploy.log_commands import LogQuery

    if name is None:
        raise EdgeError(
            "--target shows the log of one function.", cure="Name it: edge logs NAME --target …"
        )
    request = LogQuery(
        service="",  # by the target's naming
        limit=limit,
        since=query.since,
        severity=query.level.name if query.level else "",
        search=query.search,
        follow=follow,
    )
    logs_at_target(place.workdir, place.target, place.env, name, request, place.output)
