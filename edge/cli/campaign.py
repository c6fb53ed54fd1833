"""`edge campaign`: fill a campaign with contacts, start it, watch it to its end."""

import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from edge.cli import options
from edge.cli.console import print_json, remark, remarks
from edge.cli.exit_status import FAILED
from edge.errors import EdgeError

app = typer.Typer(help="Dial lists of contacts.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, or its name.")]
_INTERVAL: Final = 0.5


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
    """Show a campaign until it is over, or Ctrl-C; as JSON, a line for each change."""
    from rich.live import Live

    from edge.cli.campaign_client import Campaigns
    from edge.cli.campaign_view import Pace, as_document, render

    with Campaigns(workdir) as campaigns:
        campaign_id = campaigns.require(campaign)["id"]
        if output == "json":
            last = None
            while last is None or not last.is_over:
                now = campaigns.progress(campaign_id)
                if now != last:
                    print_json(as_document(now), indent=None)
                last = now
                time.sleep(_INTERVAL)
            return
        pace = Pace()
        with Live(console=remarks, refresh_per_second=4) as live:
            while True:
                now = campaigns.progress(campaign_id)
                live.update(render(now, pace.add(now.figures["processed"])))
                if now.is_over:
                    break
                time.sleep(_INTERVAL)
