"""Announcement of `edge start` once the stack is up: URLs, keys, functions, pages."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from edge.cli.console import print_details, print_json, remark, remarks
from edge.cli.start.schema_report import announce_schema
from edge.gateway.pages import page_names
from edge.project.doubts import find_doubts
from edge.project.layout import find_typescript
from edge.project.providers import PROVIDERS, Provider
from edge.project.settings import Settings
from edge.stack import Stack

_MOST_LISTED: Final = 12


def announce(stack: Stack, *, as_json: bool) -> None:
    """Print URLs and keys to standard error, or as one line of JSON to standard output."""
    settings = stack.settings
    for fault in settings.extensions.faults:
        remark(fault, "yellow")
    for name in settings.ignored:
        remark(f"Env name cannot start with SUPABASE_, skipping: {name}", "yellow")
    for note in settings.config.notes:
        remark(note, "dim")
    for doubt in find_doubts(settings, stack.functions.functions):
        remark(doubt, "yellow")
    if stack.schema:
        announce_schema(stack.schema, settings.root)
    if as_json:
        print_json(settings.describe(), indent=None)
        sys.stdout.flush()
        return
    print_details(settings.describe(), remarks)
    if settings.hosted:
        remark(f"The functions work on {settings.hosted.url}; no local database.", "yellow")
    _list("Pages", find_pages(settings))
    _list("Functions", [f"{settings.api_url}/functions/v1/{s}" for s in stack.functions.functions])
    if typescript := find_typescript(settings.root, settings.config.functions):
        place = f"served by {settings.upstream}" if settings.upstream else "not served here"
        _list(f"TypeScript functions ({len(typescript)}), {place}", [_join(typescript)])
    if settings.inspect:
        remark(f"  {settings.inspect} waits for a debugger on port {settings.inspect_port}")
    _list("Providers", [_describe_provider(p, settings.secrets) for p in PROVIDERS])
    remark("Ctrl-C stops everything.\n", "dim")


def find_pages(settings: Settings) -> list[str]:
    """Return the addresses of the project's pages, and of its processes' in the console."""
    if not settings.has_database:
        return []
    console = f"{settings.api_url}/console"
    query = f"?token={settings.console_token}"
    of_processes = [
        f"{console}{each.page}{query}" for each in settings.extensions.processes if each.page
    ]
    return [*of_processes, *(f"{console}/{name}" for name in page_names(settings.extensions.pages))]


def _join(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    return ", ".join(listed[:_MOST_LISTED]) + more


def _describe_provider(provider: Provider, secrets: Mapping[str, str]) -> str:
    kind = "real" if provider.is_real(secrets) else "local, no key needed"
    return f"{provider.name:<10} {kind}"


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        remark(title, "bold")
    for line in lines:
        remark(f"  {line}")
