"""Environment of the console's process, as the stack sets it."""

import json
import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    """`pages` is module:function of the project's own pages, `root` its folder."""

    api_url: str
    token: str
    socket: str
    pages: str
    root: str
    project_url: str
    service_role_key: str
    publishable_keys: str
    views: tuple[str, ...] = ()
    """Names of the platform's views that are shown; empty for all."""
    public_url: str = ""
    """The project's URL for others, if `project_url` is not."""

    @property
    def publishable_key(self) -> str:
        """The key that clients send."""
        try:
            return str(json.loads(self.publishable_keys).get("default", ""))
        except (ValueError, AttributeError):
            return ""


@cache
def read_settings() -> Settings:
    """Read the environment once."""
    read = os.environ.get
    return Settings(
        api_url=read("CONSOLE_API_URL", "http://127.0.0.1:54321/console/api"),
        token=read("CONSOLE_TOKEN", ""),
        socket=read("CONSOLE_SOCKET", ""),
        pages=read("CONSOLE_PAGES", ""),
        root=read("CONSOLE_PROJECT", ""),
        project_url=read("SUPABASE_URL", "http://127.0.0.1:54321"),
        service_role_key=read("SUPABASE_SERVICE_ROLE_KEY", ""),
        publishable_keys=read("SUPABASE_PUBLISHABLE_KEYS", "{}"),
        views=tuple(filter(None, read("CONSOLE_VIEWS", "").split(","))),
        public_url=read("CONSOLE_PUBLIC_URL", "") or read("SUPABASE_URL", "http://127.0.0.1:54321"),
    )
