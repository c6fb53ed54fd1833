"""Tokens and cost of the calls to models that a request made."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console.ui.parts import panel
from console.ui.table import Column, Table
from console.ui.text import clip

_COLUMNS: Final = (
    Column("name", "Call"),
    Column("input_tokens", "Input tokens", "number"),
    Column("cached_tokens", "From cache", "number", optional=True),
    Column("output_tokens", "Output tokens", "number"),
    Column("cost", "Cost"),
)
_MOST: Final = 200


def show_usage(usage: Mapping[str, Any] | None) -> None:
    """Show each call and the sum; nothing for a request that asked no model."""
    if usage is None:
        return
    calls = usage["calls"]
    rows = [{**call, "name": clip(call["name"], 160), "cost": dollars(call)} for call in calls]
    with panel("Tokens and cost"):
        Table(_COLUMNS, rows[:_MOST], label="Tokens and cost of each call", most=_MOST)
        tokens = f"{usage['input_tokens']:,} input and {usage['output_tokens']:,} output tokens"
        of = "" if len(calls) == 1 else f" of {len(calls):,} calls"
        ui.label(f"Sum{of}: {tokens}, {dollars(usage)}")
        if usage["hint"]:
            ui.label(usage["hint"]).classes("dim")


def dollars(usage: Mapping[str, Any]) -> str:
    """Render a cost, and whether it was computed by prices or told by the provider."""
    if usage["cost"] is None:
        return "cost unknown"
    return f"${usage['cost']:,.6f}" + (" (computed)" if usage["computed"] else "")
