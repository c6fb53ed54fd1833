"""What a person, or a script, learns once a stack is up: where it is, its keys, its functions."""

import sys
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from edge.cli.console import print_json, remark, remarks
from edge.project.providers import PROVIDERS
from edge.stack import Stack


def announce(stack: Stack, *, as_json: bool) -> None:
    """Tell it on standard error, or as one line of JSON on standard output."""
    settings = stack.settings
    for name in settings.ignored:
        remark(f"Env name cannot start with SUPABASE_, skipping: {name}", "yellow")
    for migration in stack.applied:
        remark(f"applied {migration.path.name}", "dim")
    if as_json:
        print_json(settings.describe(), indent=None)
        sys.stdout.flush()
        return
    print_details(settings.describe(), remarks)
    if settings.remote:
        remark(f"The functions work on {settings.remote.url}; no local database.", "yellow")
    if settings.has_database:
        remarks.print("[bold]Console[/bold]")
        remark(f"  {settings.api_url}/console/talk-tracks")
    remarks.print("[bold]Functions[/bold]")
    for slug in stack.functions.functions:
        remark(f"  {settings.api_url}/functions/v1/{slug}")
    if settings.inspect:
        remark(f"  {settings.inspect} waits for a debugger on port {settings.inspect_port}")
    remarks.print("[bold]Providers[/bold]")
    for provider in PROVIDERS:
        kind = "real" if provider.is_real(settings.secrets) else "local, no key needed"
        remark(f"  {provider.name:<10} {kind}")
    remark("Ctrl-C stops everything.\n", "dim")


def print_details(details: Mapping[str, str], console: Console) -> None:
    """Names and values of a running stack, for a person."""
    for name, value in details.items():
        label = name.replace("_", " ").lower()
        console.print(Text.assemble(f"{label:>18}: ", (str(value), "cyan")))
