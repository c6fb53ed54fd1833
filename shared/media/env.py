"""The media section of the environment."""

from dataclasses import dataclass
from functools import cache

from shared.env import environment


@dataclass(frozen=True, slots=True)
class MediaEnv:
    """Whether reference images may be fetched from private addresses, for development only."""

    allows_private_references: bool


@cache
def media_env() -> MediaEnv:
    """Return the settings of this process."""
    return MediaEnv(environment().get("REFERENCES_ALLOW_PRIVATE") == "true")
