"""`edge campaign`: import contacts into a campaign, start it, watch it to its end."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from backend.campaigns.project import (
    FAILED,
    CampaignError,
    CampaignGroup,
    messages,
    note,
    print_json,
)

if TYPE_CHECKING:
    from backend.campaigns.client import Campaigns, Progress

app = typer.Typer(cls=CampaignGroup, help="Dial lists of contacts.", no_args_is_help=True)

Format = Literal["pretty", "json"]
Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id or name.")]
Workdir = Annotated[
    Path, typer.Option("--workdir", help="The project's folder, with functions/ and supabase/.")
]
Output = Annotated[Format, typer.Option("-o", "--output", help="Readable, or JSON for scripts.")]
HERE: Final = Path()
_INTERVAL: Final = 0.5
_LINE_INTERVAL: Final = 5.0


@app.command("import")
def import_contacts(  # noqa: PLR0913 - the options of a command
    file: Annotated[
        Path, typer.Argument(help="CSV with a header line, .xlsx, JSON or JSON Lines.")
    ],
    *,
    campaign: Annotated[
        str | None,
        typer.Option(help="Id or name; created if missing. [FILE's name]"),
    ] = None,
    region: Annotated[
        str, typer.Option(help="Region of numbers without + in rows without a country.")
    ] = "US",
    any_hour: Annotated[
        bool, typer.Option("--any-hour", help="Let a new campaign dial at any hour, for tests.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show how columns and ten rows are read; store nothing."),
    ] = False,
    workdir: Workdir = HERE,
    output: Output = "pretty",
) -> None:
    """Add a list of contacts to a campaign. Exit status 1 when rows were refused."""
    from backend.campaigns.client import Campaigns
    from backend.campaigns.import_view import print_import, print_preview, show_progress

    if not file.is_file():
        raise CampaignError(f"There is no file {file}.")
    with Campaigns(workdir) as campaigns:
        if dry_run:
            report = campaigns.preview_contacts(file, region)
            found: dict[str, Any] = {}
        else:
            found = _find_or_create(campaigns, campaign or file.stem, at_any_hour=any_hour)
            with show_progress() as progress:
                report = campaigns.add_contacts(found["id"], file, region, progress)
    if output == "json":
        named = {"campaign_id": found["id"], "name": found["name"]} if found else {}
        print_json({**named, **report})
    elif dry_run:
        print_preview(report)
    else:
        print_import(report)
        note(f"Start it: edge campaign start {found['id']}")
    if report["error_count"]:
        raise typer.Exit(FAILED)


def _find_or_create(campaigns: "Campaigns", name: str, *, at_any_hour: bool) -> dict[str, Any]:
    found = campaigns.find(name)
    if found is None:
        found = campaigns.create(name, at_any_hour=at_any_hour)
        note(f"+ campaign {name}", "green")
    return found


@app.command()
def start(
    campaign: Name,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show progress until it ends.")
    ] = False,
    workdir: Workdir = HERE,
    output: Output = "pretty",
) -> None:
    """Start dialling."""
    _act("start_campaign", campaign, workdir, output)
    if watch:
        follow(campaign, workdir=workdir, output=output)


@app.command()
def pause(campaign: Name, *, workdir: Workdir = HERE, output: Output = "pretty") -> None:
    """Stop dialling; active calls continue."""
    _act("pause_campaign", campaign, workdir, output)


@app.command()
def resume(campaign: Name, *, workdir: Workdir = HERE, output: Output = "pretty") -> None:
    """Continue a paused campaign."""
    _act("resume_campaign", campaign, workdir, output)


@app.command()
def cancel(campaign: Name, *, workdir: Workdir = HERE, output: Output = "pretty") -> None:
    """End a campaign permanently."""
    _act("cancel_campaign", campaign, workdir, output)


@app.command()
def clock(
    rate: Annotated[float, typer.Argument(min=1, max=100_000, help="1 is real time.")],
    *,
    workdir: Workdir = HERE,
) -> None:
    """Run emulated calls, pauses between attempts and calling hours faster, for tests."""
    from backend.campaigns.client import Campaigns

    with Campaigns(workdir) as campaigns:
        campaigns.set_clock(rate)
    note("Campaigns run in real time." if rate == 1 else f"A minute lasts {60 / rate:g} s.")


def _act(action: str, campaign: str, workdir: Path, output: Format) -> None:
    from backend.campaigns.client import Campaigns

    with Campaigns(workdir) as campaigns:
        report = campaigns.act(action, campaigns.require(campaign)["id"])
    if output == "json":
        print_json(report)
    else:
        note(f"{action.replace('_', ' ')}: done.", "green")


@app.command("watch")
def follow(campaign: Name, *, workdir: Workdir = HERE, output: Output = "pretty") -> None:
    """Show a campaign until it is over, or Ctrl-C.

    Prints bars on a terminal, a line every few seconds elsewhere, with JSON a line for each change.
    """
    from backend.campaigns.client import Campaigns

    with Campaigns(workdir) as campaigns:
        seen = _progress(campaigns, campaigns.require(campaign)["id"])
        if output == "json":
            _print_changes(seen)
        elif messages.is_terminal:
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
    from backend.campaigns.view import as_document

    last = None
    for now in seen:
        if now != last:
            print_json(as_document(now), indent=None)
        last = now


def _show_bars(seen: "Iterable[Progress]") -> None:
    from rich.live import Live

    from backend.campaigns.view import Pace, render

    pace = Pace()
    with Live(console=messages, refresh_per_second=4) as live:
        for now in seen:
            live.update(render(now, pace.add(now.figures["processed"])))


def _print_lines(seen: "Iterable[Progress]") -> None:
    from backend.campaigns.view import Pace, render, render_line

    pace, silent_until, last = Pace(), 0.0, None
    for now in seen:
        a_minute = pace.add(now.figures["processed"])
        if now.is_over:
            messages.print(render(now, a_minute))
        elif now != last and time.monotonic() >= silent_until:
            messages.print(render_line(now, a_minute))
            last = now
            silent_until = time.monotonic() + _LINE_INTERVAL
