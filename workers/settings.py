"""The settings of a worker process, from its environment and its command line."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TYPES: Final = ("sdxl", "wan", "chat")
QUEUES: Final = {"sdxl": "sdxl_queue", "wan": "wan_queue"}


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and the cure."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the project is, and how this worker works.

    `public_url` is where the project reaches this worker, None: at its own address. `looks_first`:
    ask the data API for a queued job before the queue.
    """

    types: tuple[str, ...]
    backend: str
    project_url: str
    key: str = field(repr=False)
    queue_url: str
    queue_token: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    worker_key: str = field(default="", repr=False)
    worker_id: str = ""
    idle_seconds: float = 1.0
    heartbeat_seconds: float = 60.0
    job_seconds: float = 1_500.0
    grace_seconds: float = 8.0
    allows_private: bool = False
    looks_first: bool = False

    @property
    def has_own_key(self) -> bool:
        """Return whether it has a worker's own key instead of the project's."""
        return self.key.startswith("wk_")


def environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ


def read_settings(
    types: tuple[str, ...], backend: str, values: Mapping[str, str], **options: object
) -> Settings:
    """Read the settings; `options` of the command line come first. Raises SettingsError."""
    for name in types:
        if name not in TYPES:
            raise SettingsError(f"There is no worker type {name}; there are {', '.join(TYPES)}.")
    reference = values.get("SUPABASE_PROJECT_REF", "").strip()
    hosted = {"SUPABASE_URL": f"https://{reference}.supabase.co"} if reference else {}
    url = _require({**hosted, **values}, "SUPABASE_URL").rstrip("/")
    own = values.get("WORKER_KEY", "")
    key = own or values.get("SUPABASE_SECRET_KEY") or _require(values, "SUPABASE_SERVICE_ROLE_KEY")
    if own and "chat" in types:
        raise SettingsError(
            "A chat worker is called at its URL, which WORKER_KEY cannot register:"
            " set SUPABASE_SERVICE_ROLE_KEY instead."
        )
    is_local = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
    private = values.get("WORKERS_ALLOW_PRIVATE", "true" if is_local else "false").lower()
    settings: dict[str, object] = {
        "queue_url": values.get("UPSTASH_REDIS_REST_URL", f"{url}/functions/v1/media-queue").rstrip(
            "/"
        ),
        "queue_token": values.get("UPSTASH_REDIS_REST_TOKEN", key),
        "worker_key": values.get("WORKER_API_KEY", ""),
        "worker_id": values.get("WORKER_ID") or f"{socket.gethostname()}-{os.getpid()}",
        "public_url": values.get("WORKER_PUBLIC_URL") or None,
        "looks_first": "UPSTASH_REDIS_REST_URL" not in values and not own,
        "allows_private": private in {"1", "true", "yes", "on"},
    }
    if values.get("PORT"):
        settings["port"] = _port(values["PORT"])
    given = {name: value for name, value in options.items() if value is not None}
    return Settings(types, backend, url, key, **(settings | given))  # pyright: ignore[reportArgumentType]


def _require(values: Mapping[str, str], name: str) -> str:
    if value := values.get(name):
        return value
    raise SettingsError(f"{name} is not set; `edge status -o env` prints it for the local stack.")


def _port(text: str) -> int:
    if text.isdigit() and 0 <= int(text) <= 65535:
        return int(text)
    raise SettingsError(f"PORT must be a number from 0 to 65535, not {text}.")
