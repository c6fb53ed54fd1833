"""A page as the navigation and the palette know it."""

from dataclasses import dataclass
from typing import Final

BASE: Final = "/console"


@dataclass(frozen=True, slots=True)
class View:
    """`group` is its heading in the navigation; none leaves it out."""

    path: str
    title: str
    icon: str = "article"
    group: str = ""
    order: int = 100

    @property
    def url(self) -> str:
        """Its address on this server."""
        return BASE + self.path


def relative(url: str) -> str:
    """Return what `ui.navigate.to` takes for an address of the console: it adds the base itself."""
    return url.removeprefix(BASE) or "/"
