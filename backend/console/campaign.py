"""One campaign: its progress, its contacts and calls, live; start, pause, resume, cancel."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from nicegui import ui

from backend.console.campaigns import CALL_TONES, TONES, money
from backend.console.data import attempt, badge, every, link_rows, names, select, select_one
from console import ApiError, page
from console.api import project
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.export import export_buttons
from console.ui.messages import empty
from console.ui.parts import facts, figures, panel
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
_ROWS: Final = ("campaign_contacts", "calls")
_PACE: Final = timedelta(minutes=1)
_MOST: Final = 1000
_NOW: Final = "Call those who wait now"
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
            is_end = action == "cancel_campaign"
            self.buttons[action] = button.props(
                "no-caps flat dense color=negative" if is_end else "no-caps unelevated dense"
            )
        self.now = ui.button(_NOW, icon="fast_forward", on_click=self._call_now)
        self.now.props("no-caps flat dense").set_visibility(False)

    def build(self) -> None:
        self.pace = 0
        self.summary = ui.element("div").classes("stack").props("aria-live=off")
        self.bar = ui.linear_progress(0, show_value=False).props('aria-label="Contacts done"')
        with panel("Contacts"):
            export_buttons("contacts", lambda: self._fetch_all("campaign_contacts"))
            self.contacts = Table(_CONTACTS, label="Contacts")
        with panel("Calls"):
            export_buttons("calls", lambda: self._fetch_all("calls"))
            self.calls = Table(_CALLS, label="Calls")
            self.no_calls = ui.label("No call yet.").classes("dim")
        row = self.row
        days: list[int] = row["calling_days"]
        with panel("Settings"):
            facts(
                {
                    "Hours": f"{row['opens_at'][:5]} to {row['closes_at'][:5]}, the contact's time",
                    "Days": ", ".join(_DAYS[day - 1] for day in days),
                    "Rows": partial(link_rows, _ROWS, "campaign_id", row["id"]),
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
        recent = f"gt.{(datetime.now(UTC) - _PACE).isoformat()}"
        self.pace = len(await select("calls", **by, select="id", created_at=recent, limit=_MOST))
        self._show(counts)
        by_time = {"select": names(_CALLS), "order": "created_at.desc", "limit": 25}
        calls = await select("calls", **by, **by_time)
        self.calls.set_rows(calls)
        self.no_calls.set_visibility(not calls)
        by_turn = {"select": names(_CONTACTS), "order": "status,next_attempt_at,id", "limit": 50}
        contacts = await select("campaign_contacts", **by, **by_turn)
        self.contacts.set_rows([_render(each) for each in contacts])
        waiting = await select("campaign_contacts", **self._waiting(), select="id", limit=1)
        self.now.set_visibility(row["status"] == "active" and bool(waiting))

    async def _fetch_all(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of the campaign in a table, a page at a time."""
        rows: list[dict[str, Any]] = []
        by = {"campaign_id": f"eq.{self.row['id']}", "order": "id", "limit": _MOST}
        while part := await select(table, **by, offset=len(rows)):
            rows += part
        return rows

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
                    "Calls in the last minute": (f"{self.pace:,}", False),
                    "Minutes": (f"{counts.get('duration_ms', 0) / 60_000:,.1f}", False),
                    "Cost": (money(counts.get("cost_cents")), False),
                }
            )

    def _waiting(self) -> dict[str, str]:
        """Return the filter of contacts that are called again, but not yet."""
        soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
        by = {"campaign_id": f"eq.{self.row['id']}", "status": "eq.pending"}
        return {**by, "next_attempt_at": f"gt.{soon}"}

    async def _call_now(self) -> None:
        """Have no contact wait: for those who try a campaign, and see it end."""

        async def work() -> None:
            body = {"next_attempt_at": datetime.now(UTC).isoformat()}
            path = "/rest/v1/campaign_contacts"
            await project().request("PATCH", path, query=self._waiting(), body=body)
            batch = {"action": "process_batch", "campaign_id": self.row["id"]}
            await project().post("/functions/v1/campaign-trigger", batch)

        if await confirm("Call all that wait now?", "Instead of at their next time.", "Call"):
            await attempt(work)

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


def _render(contact: dict[str, Any]) -> dict[str, Any]:
    """Return a contact as a row; those that are done have no next call."""
    is_done = contact["status"] not in {"pending", "calling"}
    return {**contact, "next_attempt_at": None} if is_done else contact


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
