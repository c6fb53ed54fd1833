"""Providers: emulated or real, their requests, faults to inject."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError, rows_of
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.messages import show_error
from console.ui.parts import facts, panel
from console.ui.table import Column, Table

_FAULTS: Final = (
    Column("kind", "Kind"),
    Column("endpoint", "Endpoint", "mono"),
    Column("status", "Status", "number"),
    Column("retry_after", "Retry-After", optional=True),
)
_LEDGER: Final = (
    Column("kind", "What"),
    Column("at", "At (its clock)", "time"),
    Column("call", "Call", "mono"),
    Column("number", "To", "mono"),
    Column("result", "Result", "status"),
    Column("fault", "Fault", optional=True),
)


@page("/providers", title="Providers", icon="hub", group="Stack", order=30)
async def providers() -> None:
    """Show each provider with its counts and faults."""
    with heading("Providers", "OpenAI, Anthropic, Retell and Replicate, as functions reach them"):
        clear = ui.button("Clear faults and counts", on_click=_clear).props("flat no-caps")
    listed = rows_of(await api().get("/providers"))
    clear.set_visibility(any(each["requests"] or each["pending"] for each in listed))
    with ui.element("div").classes("grid-2"):
        for each in listed:
            _show_provider(each)
    ledger = rows_of(await api().get("/providers/retell/ledger"))
    if ledger:
        with panel("Retell's ledger: calls and webhooks"):
            Table(_LEDGER, [_entry(n, each) for n, each in enumerate(ledger)], label="Ledger")


def _show_provider(provider: dict[str, Any]) -> None:
    with panel(provider["name"]):
        state = "real: a key or URL is set" if provider["is_real"] else "emulated on this machine"
        counts = ", ".join(f"{name}: {n:,}" for name, n in provider["requests"].items())
        facts(
            {
                "State": state,
                "URL": lambda: ui.label(provider["url"]).classes("mono break"),
                provider["key_variable"]: "set" if provider["is_key_set"] else "not set",
                "Requests": counts or "none yet",
            }
        )
        if provider["pending"]:
            rows = [{**each, "id": n} for n, each in enumerate(provider["pending"])]
            Table(_FAULTS, rows, label=f"Faults of {provider['name']}")
        if not provider["is_real"]:
            _add_fault_form(provider)


def _add_fault_form(provider: dict[str, Any]) -> None:
    with ui.element("div").classes("filters"):
        kind = ui.select(provider["kinds"], label="Fault", value="status")
        status = ui.number("Status", value=529, min=400, max=599)
        times = ui.number("Requests", value=1, min=1, max=1000)
        for each in (kind, status, times):
            each.props("dense outlined options-dense").classes("filter")
        status.bind_visibility_from(kind, "value", value="status")

        async def inject() -> None:
            fault = {"kind": kind.value, "times": int(times.value or 1)}
            if kind.value == "status":
                fault["status"] = int(status.value or 500)
            try:
                await api().post(f"/providers/{provider['id']}/faults", fault)
            except ApiError as exc:
                show_error(exc)
                return
            ui.navigate.reload()

        inject_button = ui.button("Inject", on_click=inject).props("flat no-caps")
        inject_button.props["aria-label"] = f"Inject a fault into {provider['name']}"


def _entry(number: int, entry: dict[str, Any]) -> dict[str, Any]:
    at = entry.get("at_ms") or entry.get("created_ms")
    result = entry.get("status") or entry.get("reason")
    what = {"creates": "request", "calls": "call", "deliveries": "webhook"}[entry["kind"]]
    return {
        "id": number,
        "kind": f"{what} {entry.get('event', '')}".strip(),
        "at": datetime.fromtimestamp(at / 1000, UTC).isoformat() if at else None,
        "call": entry.get("call_id"),
        "number": entry.get("to_number"),
        "result": result if isinstance(result, str | int) else json.dumps(result),
        "fault": entry.get("fault"),
    }


async def _clear() -> None:
    if await confirm("Clear all faults and counts?", action="Clear"):
        await api().delete("/providers/faults")
        ui.navigate.reload()
