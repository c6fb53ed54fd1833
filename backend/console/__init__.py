"""Pages of this project in the console: campaigns, media jobs, talk tracks, chat, training data."""

from importlib import import_module
from typing import Final

_PAGES: Final = (
    *("campaigns", "campaign", "calls", "jobs", "media"),
    *("talk_tracks", "chat.page", "training", "home"),
)


def register() -> None:
    """Add the pages; edge.toml names this function."""
    for name in _PAGES:
        import_module(f"{__name__}.{name}")
