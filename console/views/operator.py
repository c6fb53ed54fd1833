"""Home of the operators' console: who is signed in, and what they may do."""

from nicegui import ui

from console import api, page
from console.layout import heading
from console.ui.parts import facts, panel
from console.view import BASE


@page("/", title="Home", icon="home", group="Observe", order=10)
async def home() -> None:
    """Show the operator, and the button that signs out."""
    heading("Home", "The pages at the left show this project's data")
    found = await api().get("/status")
    with panel("You are signed in"):
        facts(
            {
                "As": found["operator"],
                "You may": "read and change" if found["may_write"] else "read",
                "Recorded": "every change, in the audit",
            }
        )
        with (
            ui.element("form").props(f'method="post" action="{BASE}/sign-out"'),
            ui.element("button").classes("button").props("type=submit"),
        ):
            ui.label("Sign out")
