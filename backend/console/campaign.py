"""One campaign: its progress, its contacts and calls, live; start, pause, resume, cancel."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from nicegui import ui

from backend.console.campaigns import CALL_TONES, TONES, money
from backend.console.data import attempt, badge, every, names, select, select_one
from console import ApiError, page
from console.api import project
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.messages import empty
from console.ui.parts import facts, figures, link, panel
from console.ui.table import Column, Table

_CONTACTS: Final = (
    Column("name", "Contact"),
    Column("phone", "Phone", "mono"),
    Column(
        "status",
        "Status",
        "status",
        tones={"completed": "good", "failed": "bad", "calling": "warn", "pending": "plain"},
    ),
    Column("outcome", "Outcome"),
    Column("dials", "Calls", "number", optional=True),
    Column("next_attempt_at", "Next call", "time", optional=True),
)
_CALLS: Final = (
    Column("to_number", "To", "mono", href="/console/calls/{id}"),
    Column("status", "Status", "status", tones=CALL_TONES),
    Column("disconnection_reason", "Ended by"),
    Column("duration_ms", "Duration", "duration"),
    Column("created_at", "Time", "time"),
)
_ACTIONS: Final = {
    "start_campaign": ("Start", "play_arrow", ("draft",)),
    "pause_campaign": ("Pause", "pause", ("active",)),
    "resume_campaign": ("Resume", "play_arrow", ("paused",)),
    "retry_failed": ("Call failed contacts again", "replay", ("completed", "failed")),
    "cancel_campaign": ("Cancel", "stop", ("draft", "active", "paused")),
}
_OUTCOMES: Final = ("processed", "connected", "successful", "voicemail", "failed")


@page("/campaigns/{campaign_id}", title="Campaign")
async def campaign(campaign_id: str) -> None:
    """Show a campaign and follow it."""
    found = await select_one("call_campaigns", id=f"eq.{campaign_id}")
    if found is None:
        heading("Campaign")
        empty("There is no such campaign", "It may have been deleted.")
        return
    view = _Campaign(found)
    with heading(found["name"], "Campaign"):
        view.add_actions()
    view.build()
    await view.load()
    every(1.0, view.load)


class _Campaign:
    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        self.buttons: dict[str, ui.button] = {}

    def add_actions(self) -> None:
        for action, (label, icon, _) in _ACTIONS.items():
            button = ui.button(label, icon=icon, on_click=partial(self._act, action))
            self.buttons[action] = button.props("no-caps unelevated dense")

    def build(self) -> None:
        self.summary = ui.element("div").classes("stack").props("aria-live=off")
        self.bar = ui.linear_progress(0, show_value=False).props('aria-label="Contacts done"')
        with ui.element("div").classes("grid-2"):
            with panel("Calls"):
                self.calls = Table(_CALLS, label="Calls")
                self.no_calls = ui.label("No call yet.").classes("dim")
            with panel("Contacts"):
                self.contacts = Table(_CONTACTS, label="Contacts")
        row = self.row
        days: list[int] = row["calling_days"]
        with panel("Settings"):
            facts(
                {
                    "Hours": f"{row['opens_at'][:5]} to {row['closes_at'][:5]}, the contact's time",
                    "Days": ", ".join(_DAYS[day - 1] for day in days),
                    "Rows": lambda: link(
                        "public.campaign_contacts", "/console/tables/public/campaign_contacts"
                    ),
                }
            )

    async def load(self) -> None:
        """Read the campaign, its figures and the newest rows again."""
        by = {"campaign_id": f"eq.{self.row['id']}"}
        row = await select_one("call_campaigns", id=f"eq.{self.row['id']}")
        if row is None:
            return
        self.row = row
        counts = await select_one("campaign_statistics", **by) or {}
        self._show(counts)
        by_time = {"select": names(_CALLS), "order": "created_at.desc", "limit": 25}
        calls = await select("calls", **by, **by_time)
        self.calls.set_rows(calls)
        self.no_calls.set_visibility(not calls)
        by_turn = {"select": names(_CONTACTS), "order": "status,next_attempt_at,id", "limit": 50}
        self.contacts.set_rows(await select("campaign_contacts", **by, **by_turn))

    def _show(self, counts: Mapping[str, Any]) -> None:
        status = self.row["status"]
        for action, (_, _, states) in _ACTIONS.items():
            self.buttons[action].set_visibility(status in states)
        total = counts.get("total", 0)
        self.bar.set_value(counts.get("processed", 0) / max(total, 1))
        self.summary.clear()
        with self.summary:
            badge(status, TONES)
            if self.row["status_reason"]:
                ui.label(self.row["status_reason"])
            shown = {name.capitalize(): (f"{counts.get(name, 0):,}", False) for name in _OUTCOMES}
            figures(
                {
                    "Contacts": (f"{total:,}", False),
                    **shown,
                    "Minutes": (f"{counts.get('duration_ms', 0) / 60_000:,.1f}", False),
                    "Cost": (money(counts.get("cost_cents")), False),
                }
            )

    async def _act(self, action: str) -> None:
        if action == "cancel_campaign" and not await confirm(
            "Cancel this campaign?", "It cannot be resumed.", "Cancel the campaign", danger=True
        ):
            return
        body = {"action": action, "campaign_id": self.row["id"]}
        if await attempt(lambda: project().post("/functions/v1/campaign-trigger", body)):
            try:
                await self.load()
            except ApiError:
                return


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
