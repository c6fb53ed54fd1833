"""One call: what was said beside its recording, how it ended, what it cost."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from nicegui import ui

from backend.console.campaigns import CALL_TONES, money
from backend.console.data import link_rows, moment, select, select_one
from console import page
from console.layout import heading
from console.ui.export import export_buttons
from console.ui.messages import empty
from console.ui.parts import facts, figures, link, milliseconds, panel
from console.ui.table import Column, Table
from console.ui.text import json_block, text_block, visible

_COLUMNS: Final = (
    Column("to_number", "To", "mono", href="/console/calls/{id}"),
    Column("direction", "Direction", optional=True),
    Column("status", "Status", "status", tones=CALL_TONES),
    Column("disconnection_reason", "Ended by"),
    Column("duration_ms", "Duration", "duration"),
    Column("cost", "Cost", optional=True),
    Column("created_at", "Time", "time"),
)
_READ: Final = (
    "id,to_number,direction,status,disconnection_reason,duration_ms,cost_cents,created_at"
)
_LATENCY: Final = (
    Column("part", "Part"),
    Column("p50", "Median", "duration"),
    Column("p90", "90th percentile", "duration"),
)
_PARTS: Final = {
    "e2e": "Whole answer",
    "asr": "Speech to text",
    "llm": "Language model",
    "llm_websocket_network_rtt": "Network to the language model",
    "knowledge_base": "Knowledge base",
    "tts": "Text to speech",
    "s2s": "Speech to speech",
}
_WEBHOOKS: Final = "/console/requests?function=retell-webhook&q="
_EXPORTED: Final = 1000
_MOST_TURNS: Final = 500


@page("/calls", title="Calls", icon="call", group="Work", order=20)
async def calls() -> None:
    """List the newest calls."""
    with heading("Calls", "The newest 100, of all campaigns and those that came in"):
        export_buttons("calls", partial(select, "calls", order="created_at.desc", limit=_EXPORTED))
    rows = await select("calls", select=_READ, order="created_at.desc", limit=100)
    if not rows:
        empty(
            "No call yet",
            "Start a campaign; its calls appear here.",
            "edge campaign import samples/contacts.csv",
        )
        return
    Table(_COLUMNS, [{**row, "cost": money(row["cost_cents"])} for row in rows], label="Calls")


@page("/calls/{call_id}", title="Call")
async def call(call_id: str) -> None:
    """Show a call."""
    row = await select_one("calls", id=f"eq.{call_id}")
    if row is None:
        heading("Call")
        empty("There is no such call", "It may have been deleted.")
        return
    heading(f"{row['direction'].capitalize()} call with {row['to_number'] or row['from_number']}")
    figures(
        {
            "Duration": (milliseconds(row["duration_ms"]), False),
            "Cost": (money(row["cost_cents"]), False),
            "Successful": (_yes(row["successful"]), row["successful"] is False),
            "Voicemail": (_yes(row["voicemail"]), False),
            "Opted out": (_yes(row["opted_out"]), row["opted_out"]),
        }
    )
    with ui.element("div").classes("grid-2"):
        with panel("Transcript"):
            _show_recording(row["recording_url"])
            _show_transcript(row["transcript"])
        with ui.element("div").classes("stack"):
            with panel("Facts"):
                _show_facts(row)
            _show_latency(row.get("latency") or {})
            if row["analysis"]:
                with panel("Analysis"):
                    json_block(row["analysis"], "Analysis")


def _yes(value: bool | None) -> str:
    return "–" if value is None else "yes" if value else "no"


def _show_facts(row: Mapping[str, Any]) -> None:
    campaign = row["campaign_id"]
    facts(
        {
            "Status": row["status"],
            "Ended by": row["disconnection_reason"],
            "From": row["from_number"],
            "To": row["to_number"],
            "Started": moment(row["started_at"]),
            "Ended": moment(row["ended_at"]),
            "Call again at": moment(row["callback_at"]),
            "Provider's id": row["retell_call_id"],
            "Webhooks": lambda: link("See and replay them", f"{_WEBHOOKS}{row['retell_call_id']}"),
            "Rows": lambda: link_rows(("calls",), "id", row["id"]),
            "Campaign": (lambda: link("Open", f"/console/campaigns/{campaign}"))
            if campaign
            else None,
        }
    )


def _show_latency(latency: Mapping[str, Any]) -> None:
    rows = [
        {"part": label, "p50": latency[name].get("p50"), "p90": latency[name].get("p90")}
        for name, label in _PARTS.items()
        if name in latency
    ]
    if rows:
        with panel("Latency"):
            Table(_LATENCY, rows, label="Latency", row_key="part")


def _show_recording(url: str | None) -> None:
    if not url:
        return
    if urlsplit(url).scheme in {"http", "https"}:
        ui.link("Recording", url, new_tab=True).props('rel="noreferrer noopener"')
    else:
        ui.label(url)


def _show_transcript(transcript: str | None) -> None:
    lines = (transcript or "").splitlines()
    if not lines:
        ui.label(
            "No transcript: the call was not answered, or its transcript has not come yet."
        ).classes("dim")
        return
    if len(lines) > _MOST_TURNS:
        text_block(transcript or "", "Transcript")
        return
    with ui.element("dl").classes("facts"):
        for line in lines:
            speaker, colon, said = line.partition(":")
            with ui.element("dt"):
                ui.label(visible(speaker[:40]) if colon else "")
            with ui.element("dd"):
                ui.label(visible((said if colon else line).strip()[:4000]))
