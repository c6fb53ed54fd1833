"""Errors: failed requests by what they say."""

from typing import Any, Final

from nicegui import ui

from console import api, page
from console.layout import heading
from console.ui.export import export_buttons
from console.ui.filters import Filters
from console.ui.messages import empty
from console.ui.table import Column, Table

COLUMNS: Final = (
    Column("text", "Error", "wrap", href="/console/requests/{sample_id}"),
    Column("function", "Function", href="/console/functions/{function}"),
    Column("code", "Code", "mono", optional=True),
    Column("all", "Count", href="/console/requests?fingerprint={fingerprint}"),
    Column("first_at", "First", "time", optional=True),
    Column("last_at", "Last", "time"),
)


def render_group(group: dict[str, Any]) -> dict[str, Any]:
    """Return a group as the rows of tables show it."""
    text = group.get("text") or group.get("code") or f"{group.get('status', '')} without a message"
    return {**group, "text": text, "all": f"{group['count']:,}"}


@page("/errors", title="Errors", icon="error_outline", group="Observe", order=30)
async def errors() -> None:
    """Show groups of errors, the latest first."""
    parameters = ui.context.client.request.query_params
    with heading("Errors", "Failed requests, grouped by what they say"):
        acts = ui.element("div").classes("row-wrap")
    filters = Filters("/errors", {n: parameters.get(n, "") for n in ("from", "to", "function")})
    filters.since()
    filters.text("function", "Function")
    message = ui.element("div")
    table = Table(COLUMNS, label="Errors", row_key="fingerprint")

    async def fetch() -> list[dict[str, Any]]:
        answer = await api().get("/errors", **filters.values)
        return answer["data"]

    async def load() -> None:
        groups = await fetch()
        message.clear()
        table.set_rows([render_group(group) for group in groups])
        table.set_visibility(bool(groups))
        if not groups:
            with message:
                empty("Nothing has failed", "Failed requests are kept longer than others.")

    await load()
    filters.on_change = load
    with acts:
        export_buttons("errors", fetch)
