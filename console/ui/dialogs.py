"""Questions before something is done."""

from nicegui import ui


async def confirm(
    title: str, text: str = "", action: str = "Continue", *, danger: bool = False
) -> bool:
    """Ask; return whether the person chose `action`."""
    with ui.dialog().props("role=alertdialog") as dialog, ui.card().classes("question"):
        with ui.element("h2"):
            ui.label(title)
        if text:
            ui.label(text)
        with ui.element("div").classes("row-wrap question-acts"):
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props(
                "flat no-caps autofocus"
            )
            button = ui.button(action, on_click=lambda: dialog.submit(True)).props(
                "no-caps unelevated"
            )
            if danger:
                button.props("color=negative")
    answer = await dialog
    dialog.delete()
    return bool(answer)
