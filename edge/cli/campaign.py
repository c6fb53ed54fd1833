"""`edge campaign`: fill a campaign with contacts, start it, watch it to its end."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edge.cli import options
from edge.cli.console import print_json, remark, remarks
from edge.cli.exit import FAILED
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.cli.campaign_client import Campaigns, Progress

app = typer.Typer(help="Dial lists of contacts.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, or its name.")]
_INTERVAL: Final = 0.5
_LINE_INTERVAL: Final = 5.0


@app.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="CSV with a header line, or JSON.")],
    *,
    campaign: Annotated[
        str | None, typer.Option(help="Its id, or its name; made if there is none. [FILE's name]")
    ] = None,
    region: Annotated[str, typer.Option(help="Of numbers without a country code.")] = "US",
    any_hour: Annotated[
        bool, typer.Option("--any-hour", help="A new campaign dials day and night: for trying out.")
    ] = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Add a list of contacts to a campaign. Exit status 1 when rows were refused."""
    from edge.cli.campaign_client import Campaigns

    if not file.is_file():
        raise EdgeError(f"There is no file {file}.")
    with Campaigns(workdir) as campaigns:
        name = campaign or file.stem
        found = campaigns.find(name)
        if found is None:
            found = campaigns.create(name, at_any_hour=any_hour)
            remark(f"+ campaign {name}", "green")
        told = campaigns.add_contacts(found["id"], file, region)
    if output == "json":
        print_json({"campaign_id": found["id"], "name": found["name"], **told})
    else:
        _tell_import(told)
        remark(f"Start it: edge campaign start {found['id']}")
    if told["error_count"]:
        raise typer.Exit(FAILED)


def _tell_import(told: dict[str, Any]) -> None:
    for fault in told["errors"]:
        remark(f"line {fault['line']}: {fault['problem']}", "red")
    if unnamed := told["error_count"] - len(told["errors"]):
        remark(f"and {unnamed:,} more", "red")
    remark(
        f"{told['imported']:,} of {told['rows']:,} rows are contacts now,"
        f" {told['duplicate_count']:,} were there already, {told['error_count']:,} are refused."
    )


@app.command()
def start(
    campaign: Named,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it to its end.")] = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Begin to dial."""
    _act("start_campaign", campaign, workdir, output)
    if watch:
        follow(campaign, workdir=workdir, output=output)


@app.command()
def pause(
    campaign: Named, *, workdir: options.Workdir = options.HERE, output: options.Output = "pretty"
) -> None:
    """Dial nobody any more; calls under way go on."""
    _act("pause_campaign", campaign, workdir, output)


@app.command()
def resume(
    campaign: Named, *, workdir: options.Workdir = options.HERE, output: options.Output = "pretty"
) -> None:
    """Go on with a paused campaign."""
    _act("resume_campaign", campaign, workdir, output)


@app.command()
def cancel(
    campaign: Named, *, workdir: options.Workdir = options.HERE, output: options.Output = "pretty"
) -> None:
    """End it for good."""
    _act("cancel_campaign", campaign, workdir, output)


@app.command()
def clock(
    rate: Annotated[float, typer.Argument(min=1, max=100_000, help="1 is the world's own.")],
    *,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Let emulated calls, pauses between tries and calling hours pass faster: for trying out."""
    from edge.cli.campaign_client import Campaigns

    with Campaigns(workdir) as campaigns:
        campaigns.set_clock(rate)
    remark(
        "Campaigns live at the world's pace." if rate == 1 else f"A minute lasts {60 / rate:g} s."
    )


def _act(action: str, campaign: str, workdir: Path, output: options.Format) -> None:
    from edge.cli.campaign_client import Campaigns

    with Campaigns(workdir) as campaigns:
        told = campaigns.act(action, campaigns.require(campaign)["id"])
    if output == "json":
        print_json(told)
    else:
        remark(f"{action.replace('_', ' ')}: done.", "green")


@app.command("watch")
def follow(
    campaign: Named, *, workdir: options.Workdir = options.HERE, output: options.Output = "pretty"
) -> None:
    """Show a campaign until it is over, or Ctrl-C.

    On a terminal as bars; elsewhere a line now and then, as JSON one for each change.
    """
    from edge.cli.campaign_client import Campaigns

    with Campaigns(workdir) as campaigns:
        seen = _progress(campaigns, campaigns.require(campaign)["id"])
        if output == "json":
            _print_changes(seen)
        elif remarks.is_terminal:
            _show_bars(seen)
        else:
            _print_lines(seen)


def _progress(campaigns: "Campaigns", campaign_id: str) -> "Iterator[Progress]":
    while True:
        now = campaigns.progress(campaign_id)
        yield now
        if now.is_over:
            return
        time.sleep(_INTERVAL)


def _print_changes(seen: "Iterable[Progress]") -> None:
    from edge.cli.campaign_view import as_document

    last = None
    for now in seen:
        if now != last:
            print_json(as_document(now), indent=None)
        last = now


def _show_bars(seen: "Iterable[Progress]") -> None:
    from rich.live import Live

    from edge.cli.campaign_view import Pace, render

    pace = Pace()
    with Live(console=remarks, refresh_per_second=4) as live:
        for now in seen:
            live.update(render(now, pace.add(now.figures["processed"])))


def _print_lines(seen: "Iterable[Progress]") -> None:
    from edge.cli.campaign_view import Pace, render, render_line

    pace, silent_until, last = Pace(), 0.0, None
    for now in seen:
        a_minute = pace.add(now.figures["processed"])
        if now.is_over:
            remarks.print(render(now, a_minute))
        elif now != last and time.monotonic() >= silent_until:
            remarks.print(render_line(now, a_minute))
            last = now
            silent_until = time.monotonic() + _LINE_INTERVAL
