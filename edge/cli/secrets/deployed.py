"""`edge secrets` with --target: secrets of a deployment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.cli.console import print_json, print_table, remark
from edge.cli.deploy.target import open_destination, open_settings
from edge.cli.exit import failing_with_status_1
from edge.cli.options import Format
from edge.cli.secrets.store import choose
from edge.deploy.secret_stores import SecretStore
from edge.errors import EdgeError
from edge.project.env_file import MAX_NAME, MAX_VALUE

_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}")


@dataclass(frozen=True, slots=True)
class Removal:
    """Secrets to remove: `names` or `everything`; `is_dry` only prints them."""

    names: tuple[str, ...]
    everything: bool
    is_dry: bool


@failing_with_status_1
def set_at_target(workdir: Path, target: str, env: str | None, secrets: Mapping[str, str]) -> None:
    """Set the secrets, including SUPABASE_…, which no target provides by itself."""
    if not secrets:
        raise EdgeError("No arguments found. Use --env-file to read from a .env file.")
    for name, value in secrets.items():
        _check(name, value)
    store = _open(workdir, target, env)
    store.set(secrets)
    remark(f"Set {', '.join(secrets)} in {store.place}.")
    remark("New instances get them; to apply them now: edge deploy --force", "dim")


@failing_with_status_1
def list_at_target(workdir: Path, target: str, env: str | None, output: Format) -> None:
    """Print names, and digests if the target provides them."""
    secrets = sorted(_open(workdir, target, env).read().items())
    if output == "json":
        print_json([{"name": name, "digest": digest or None} for name, digest in secrets])
    else:
        print_table(("NAME", "DIGEST"), [(name, digest or "-") for name, digest in secrets])


@failing_with_status_1
def unset_at_target(workdir: Path, target: str, env: str | None, removal: Removal) -> None:
    """Remove the secrets; --all keeps SUPABASE_…."""
    store = _open(workdir, target, env)
    gone = choose(store.read(), removal.names, everything=removal.everything)
    if gone and not removal.is_dry:
        store.unset(gone)
    verb = "Would remove" if removal.is_dry else "Removed"
    place = f" from {store.place}"
    remark(f"{verb} {', '.join(gone)}{place}." if gone else "There is nothing to remove.")


def _open(workdir: Path, target: str, env: str | None) -> SecretStore:
    settings, name = open_settings(workdir, target, env)
    destination = open_destination(workdir, settings, name)
    destination.reader.require()
    return destination.secrets


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise EdgeError(
            f"{name[:60]} cannot name a secret.",
            cure=f"Use letters, digits and _, no digit first, at most {MAX_NAME} characters.",
        )
    if not value:
        raise EdgeError(
            f"The value of {name} is empty.", cure=f"Remove it: edge secrets unset {name}"
        )
    if "\x00" in value or len(value.encode(errors="replace")) > MAX_VALUE:
        raise EdgeError(f"The value of {name} contains a NUL byte or exceeds 48 KiB.")
