"""The environments of workers and of edge.toml's processes: decides what each can read.

Later entries win: inherited shell variables, the secrets that function.toml or edge.toml names, the
project's SUPABASE_* variables, the function's own identity.
"""

import json
from collections.abc import Mapping

from edge.project.env_file import read_secrets
from edge.project.extensions import ProcessEntry
from edge.project.manifest import Function, find_config
from edge.project.providers import PROVIDERS
from edge.project.settings import Settings


def build_worker_environment(settings: Settings, function: Function) -> dict[str, str]:
    """Build all variables of the function's worker.

    `settings.secrets` count as they are; see `Settings.with_current_secrets`. The function's own
    .env file is read; raises EdgeError if it is unreadable.
    """
    secrets = {**settings.secrets, **_folder_secrets(settings, function)}
    return {
        **settings.inherited,
        **_select(settings, secrets, function.manifest.secrets),
        **_configured(settings, function),
        **settings.platform_variables(),
        "SUPABASE_FUNCTION_SLUG": function.slug,
        **({"SB_REGION": "local"} if settings.emulates_providers else {}),
    }


def build_process_environment(settings: Settings, entry: ProcessEntry) -> dict[str, str]:
    """Build the variables of a process of edge.toml; PORT and PATH are added where it starts."""
    return {
        **settings.inherited,
        **_select(settings, settings.secrets, entry.secrets),
        **settings.platform_variables(),
    }


def build_console_environment(settings: Settings) -> dict[str, str]:
    """Build the variables of the console's process: the project's URL and keys, and its token."""
    platform = settings.platform_variables()
    platform.pop("SUPABASE_DB_URL", None)  # it works over HTTP alone
    return {
        **settings.inherited,
        **platform,
        "CONSOLE_API_URL": f"{settings.api_url}/console/api",
        "CONSOLE_TOKEN": settings.console_token,
        "CONSOLE_PAGES": settings.extensions.console_pages or "",
        "CONSOLE_PROJECT": str(settings.root),
        "NICEGUI_STORAGE_PATH": str(settings.state_dir / "console"),
    }


def build_operator_environment(settings: Settings, token: str, address: str) -> dict[str, str]:
    """Build the variables of an operator's pages: no key of the project, but the session's token.

    `address` is where the operators' console listens.
    """
    assert settings.hosted is not None
    api = f"{address}/console/api"
    return {
        **settings.inherited,
        "SUPABASE_URL": f"{api}/project",
        "SUPABASE_SERVICE_ROLE_KEY": token,
        "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": settings.publishable_key}),
        "CONSOLE_API_URL": api,
        "CONSOLE_TOKEN": token,
        "CONSOLE_PAGES": settings.extensions.console_pages or "",
        "CONSOLE_PROJECT": str(settings.root),
        "CONSOLE_PUBLIC_URL": settings.hosted.url,
        "CONSOLE_VIEWS": "operator,audit,storage",
    }


def _configured(settings: Settings, function: Function) -> Mapping[str, str]:
    """config.toml's [functions.NAME.env]."""
    config = find_config(function, settings.config.functions)
    return config.env if config else {}


def _folder_secrets(settings: Settings, function: Function) -> Mapping[str, str]:
    """Read the function's own .env file, unless the operator chose one file for all functions."""
    return {} if settings.env_file else read_secrets(function.folder / ".env")[0]


def _select(
    settings: Settings, secrets: Mapping[str, str], names: tuple[str, ...]
) -> dict[str, str]:
    """Select the named secrets; emulated providers replace those without a key or URL.

    What reads a provider's key also gets the URL that the key is for: a real key must
    never be sent to another server, nor a local one to the real server.
    """
    selected = dict(secrets)
    for provider in PROVIDERS:
        if settings.emulates_providers:
            selected |= provider.emulated_variables(selected, settings.api_url)
            selected.setdefault(provider.key, "local")
        if provider.key in names:
            names = (*names, provider.base_url)
    return {name: selected[name] for name in names if name in selected}
