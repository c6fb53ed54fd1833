"""Messages on a page: errors with their cure, and what to do where there is nothing yet."""

from nicegui import ui

from console.api import ApiError


def show_error(error: ApiError) -> None:
    """Show an error of the API, its code and its hint."""
    with ui.element("div").classes("message message-error").props("role=alert"):
        ui.icon("error").props("aria-hidden=true")
        with ui.element("div"):
            ui.label(error.message or "The request failed").classes("message-title")
            if error.hint:
                ui.label(error.hint)
            if error.code:
                ui.label(error.code).classes("mono dim")


def empty(title: str, hint: str = "", command: str = "") -> None:
    """Show that there is nothing yet, and the command or step that changes it."""
    with ui.element("div").classes("message message-empty"):
        ui.label(title).classes("message-title")
        if hint:
            ui.label(hint)
        if command:
            with ui.element("div").classes("command"):
                with ui.element("code"):
                    ui.label(command)
                copy_button(command, "Copy the command")


def copy_button(text: str, label: str) -> ui.button:
    """Add a button that copies `text`; `label` is its name for screen readers."""
    button = ui.button(icon="content_copy").props("flat dense round size=sm")
    button.props["aria-label"] = label  # text from outside is never parsed as properties
    button.tooltip(label)
    button.on("click", lambda: (ui.clipboard.write(text), ui.notify("Copied")))
    return button
