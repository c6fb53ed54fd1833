"""Writes relays: finds out where functions are served, and says how the relays are deployed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.cli.console import remark
from edge.cli.deploy.target import open_destination, open_settings
from edge.cli.functions.lookup import read_project_config
from edge.deploy.relay.config_edit import set_verify_jwt
from edge.deploy.relay.files import Relay, fill_url, render_relays, write_relays
from edge.deploy.settings import Settings, TargetName
from edge.errors import DeployError, EdgeError
from edge.project.manifest import Function, find_config

_CONFIG: Final = "supabase/config.toml"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where functions are served: at `url`, or where the target of deploy.toml says."""

    url: str | None = None
    target: str | None = None
    env: str | None = None
    needs_identity: bool = False


def find_relays(root: Path, functions: Sequence[Function], addresses: Addresses) -> list[Relay]:
    """Return a relay for each function. Raises DeployError for one that is not deployed."""
    if addresses.url:
        return [
            Relay(f.slug, fill_url(addresses.url, f.slug), addresses.needs_identity)
            for f in functions
        ]
    settings, chosen = open_settings(root, addresses.target, addresses.env)
    urls = _container_urls(settings, functions) if chosen == "container" else None
    if urls is None:
        urls = _service_urls(root, settings, chosen, functions)
    private = chosen == "cloud-run"
    return [
        Relay(
            slug,
            url,
            addresses.needs_identity or (private and settings.cloud_run(slug).private),
        )
        for slug, url in urls.items()
    ]


def _container_urls(settings: Settings, functions: Sequence[Function]) -> dict[str, str]:
    url = settings.container().url
    if url is None:
        raise EdgeError(
            "Where the container is served is not known.",
            cure=f"Name it: --url URL, or write url = … below [container] into {settings.path}",
        )
    return {function.slug: fill_url(url, function.slug) for function in functions}


def _service_urls(
    root: Path, settings: Settings, chosen: TargetName, functions: Sequence[Function]
) -> dict[str, str]:
    destination = open_destination(root, settings, chosen)
    destination.reader.require()
    services = destination.target.read_state(()).services
    own = (settings.project, settings.env)
    found = {
        function.slug: service.url
        for function in functions
        if (service := services.get(destination.target.service_name(function.slug)))
        and (service.project, service.env) == own
        and service.url
    }
    if missing := [function.slug for function in functions if function.slug not in found]:
        raise DeployError(
            f"Not deployed at {chosen}, environment {settings.env}: {', '.join(missing)}.",
            cure=f"edge deploy {' '.join(missing)} --relay, or say where they are: --url URL",
        )
    return found


def write_all(
    root: Path, functions: Sequence[Function], relays: Sequence[Relay], *, force: bool
) -> None:
    """Write the files and verify_jwt of config.toml; print what has changed and what to do."""
    changed = write_relays(root, render_relays(relays), force=force)
    flags = {function.slug: function.manifest.verify_jwt for function in functions}
    is_in_config = _write_config(root, flags)
    for path in changed:
        remark(f"+ {path}", "green")
    if not changed:
        remark("The relays are up to date.")
    _warn_of_entrypoints(root, functions)
    remark("Deploy them with the Supabase CLI:", "bold")
    if is_in_config:
        remark(f"  supabase functions deploy {' '.join(relay.slug for relay in relays)}")
    else:
        for slug, verifies in flags.items():
            remark(f"  supabase functions deploy {slug}{'' if verifies else ' --no-verify-jwt'}")
    if any(relay.identity for relay in relays):
        remark('  supabase secrets set EDGE_RELAY_SERVICE_ACCOUNT="$(cat key.json)"')


def _write_config(root: Path, flags: dict[str, bool]) -> bool:
    """Return whether config.toml now says which functions verify tokens."""
    path = root / _CONFIG
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    edited = set_verify_jwt(text, flags)
    if edited is None:
        remark(f"{path} was left as it is: verify_jwt could not be set in it.", "yellow")
        return False
    if edited != text:
        path.write_text(edited, encoding="utf-8")
        remark(f"~ {_CONFIG}: verify_jwt", "green")
    return True


def _warn_of_entrypoints(root: Path, functions: Sequence[Function]) -> None:
    configured = read_project_config(root).functions
    for function in functions:
        config = find_config(function, configured)
        if config and config.entrypoint and config.entrypoint.suffix == ".py":
            remark(
                f"{_CONFIG}: the entrypoint of {function.slug} is {config.entrypoint.name}, which "
                "the Supabase CLI would deploy in place of the relay.",
                "yellow",
            )
