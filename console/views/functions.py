"""Functions: calls, errors and times of each in the last day."""

from typing import Any, Final

from console import api, page
from console.api import rows_of
from console.layout import heading
from console.ui.export import export_buttons
from console.ui.messages import empty
from console.ui.table import Column, Table

COLUMNS: Final = (
    Column("slug", "Function", href="/console/functions/{slug}"),
    Column("calls", "Calls", "number"),
    Column("failed", "Failed (5xx)", href="/console/requests?function={slug}&status=5xx"),
    Column("p50_ms", "p50", "duration", optional=True),
    Column("p95_ms", "p95", "duration"),
    Column("cold", "Cold starts", "number", optional=True),
    Column("auth", "Token", optional=True),
    Column("last_error_at", "Last error", "time"),
)


def render_function(item: dict[str, Any]) -> dict[str, Any]:
    """Return a function as the rows of tables show it."""
    calls, errors = item.get("calls") or 0, item.get("errors") or 0
    share = f"{errors:,} ({100 * errors / calls:.1f} %)" if errors and calls else ""
    checked = "checked" if item.get("verify_jwt") else "not checked"
    return {**item, "failed": share, "auth": checked if item.get("kind") == "python" else "–"}


@page("/functions", title="Functions", icon="bolt", group="Observe", order=10)
async def functions() -> None:
    """List the functions, those with errors first."""

    async def fetch() -> list[dict[str, Any]]:
        return rows_of(await api().get("/functions"))

    with heading("Functions", "Calls, errors and times of the last 24 hours"):
        export_buttons("functions", fetch)
    found = await fetch()
    if not found:
        empty("No function yet", "Write one:", "edge functions new hello")
        return
    ordered = sorted(found, key=lambda item: (-(item.get("errors") or 0), item["slug"]))
    Table(COLUMNS, [render_function(f) for f in ordered], label="Functions", row_key="slug")
