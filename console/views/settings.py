"""Settings: URLs, keys, secrets by name, versions, limits; and the audit."""

from typing import Any

from nicegui import ui

from console import api, page
from console.layout import heading
from console.ui.messages import copy_button, empty
from console.ui.parts import facts, panel
from console.views.home import show_recording


@page("/settings", title="Settings", icon="settings", group="Stack", order=90)
async def settings() -> None:
    """Show how the stack is reached and set up."""
    found = await api().get("/settings")
    heading("Settings", found["folder"])
    with ui.element("div").classes("grid-2"):
        with panel("URLs"):
            facts({name: _copied(name, url) for name, url in found["urls"].items()})
        with panel("Keys"):
            facts({name: _copied(name, key) for name, key in found["keys"].items()})
            _add_secrets(found["secret_names"])
        with panel("Limits"):
            facts(found["limits"])
        show_recording((await api().get("/summary")).get("recording") or {})
        with panel("Versions"):
            facts(found["versions"])
        with panel("Secrets of functions"):
            names = found["secrets_set"]
            if names:
                ui.label("Set, by name; the values are in the env file.").classes("dim")
                for name in names:
                    ui.label(name).classes("mono")
            else:
                empty("No secrets are set", "Write one into functions/.env:", "NAME=value")
            for name in found["ignored_secrets"]:
                ui.label(f"{name}: reserved, ignored").classes("status warn")


def _copied(name: str, text: str) -> Any:
    def show() -> None:
        with ui.element("span").classes("row-wrap no-wrap-row"):
            ui.label(text).classes("mono break")
            copy_button(text, f"Copy: {name}")

    return show


def _add_secrets(names: list[str]) -> None:
    with ui.element("div").classes("stack") as place:
        ui.label(f"Hidden: {', '.join(names)}").classes("dim")

        async def show() -> None:
            secrets = await api().post("/settings/secrets")
            place.clear()
            with place:
                facts({name: _copied(name, value) for name, value in secrets.items()})

        ui.button("Show the secret keys", icon="visibility", on_click=show).props("flat no-caps")
