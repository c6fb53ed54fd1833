"""Finds settings of a project that are probably not meant so, a line each for `edge start`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from edge.project.env_file import read_secrets
from edge.project.layout import find_typescript
from edge.project.limits import MEGABYTE
from edge.project.manifest import Function
from edge.project.providers import PROVIDERS
from edge.project.settings import Settings

_MOST_NAMED: Final = 5
_READ_BY_THE_STACK: Final[tuple[str, ...]] = ("RETELL_WEBHOOK_SECRET", "REPLICATE_WEBHOOK_SECRET")


def find_doubts(settings: Settings, functions: Mapping[str, Function]) -> Iterator[str]:
    """Yield the lines, each with its cure."""
    if settings.limits != "off":
        yield from _crowded_memory(functions.values())
    if not find_typescript(settings.root):  # which gets every secret, as on the platform
        yield from _unread_secrets(settings, functions.values())


def _crowded_memory(functions: Iterable[Function]) -> Iterator[str]:
    """Report functions whose function.toml allows more bytes of bodies than of memory."""
    for function in functions:
        manifest = function.manifest
        bodies = manifest.body_limit_bytes * manifest.concurrency
        if "body_limit" in manifest.as_written() and bodies > manifest.memory_bytes:
            yield (
                f"{function.slug}: body_limit {manifest.body_limit} times concurrency"
                f" {manifest.concurrency} is {bodies // MEGABYTE}MB, beyond memory"
                f" {manifest.memory}: lower one of them in function.toml, or raise memory."
            )


def _unread_secrets(settings: Settings, functions: Iterable[Function]) -> Iterator[str]:
    """Report secrets of env files that no function can read."""
    found = list(functions)
    named: set[str] = set(_READ_BY_THE_STACK)
    for function in found:
        named.update(_with_urls(function.manifest.secrets))
    for process in settings.extensions.processes:
        named.update(_with_urls(process.secrets))
    yield from _report_unread(settings, settings.env_file or settings.functions_dir / ".env", named)
    for function in () if settings.env_file else found:
        own = {*_READ_BY_THE_STACK, *_with_urls(function.manifest.secrets)}
        yield from _report_unread(settings, function.folder / ".env", own)


def _report_unread(settings: Settings, path: Path, named: set[str]) -> Iterator[str]:
    unread = [name for name in read_secrets(path)[0] if name not in named]
    if not unread:
        return
    more = f" and {len(unread) - _MOST_NAMED} more" if len(unread) > _MOST_NAMED else ""
    place = path.relative_to(settings.root) if path.is_relative_to(settings.root) else path
    yield (
        f"{place}: no function.toml names {', '.join(unread[:_MOST_NAMED])}{more}: no function"
        " reads it. Add the name to `secrets` there."
    )


def _with_urls(names: Iterable[str]) -> Iterator[str]:
    """Yield the names, and the URLs that come with providers' keys."""
    urls = {provider.key: provider.base_url for provider in PROVIDERS}
    for name in names:
        yield name
        if name in urls:
            yield urls[name]
