"""Home: what fails now."""

from console import page
from console.layout import heading


@page("/", title="Home", icon="home", group="Observe", order=0)
async def home() -> None:
    heading("Home", "What fails now, and what has just happened")
