"""Campaigns: all of them, and a new one from a list of contacts."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from nicegui import events, ui

from backend.console.data import attempt, every, insert, select, select_one
from console import ApiError, page
from console.api import project
from console.layout import heading
from console.ui.file_button import FileButton
from console.ui.messages import empty, show_error
from console.ui.parts import panel, subheading
from console.ui.table import Column, Table

TONES: Final = {
    "active": "good",
    "completed": "good",
    "paused": "warn",
    "failed": "bad",
    "cancelled": "warn",
}
CALL_TONES: Final = {"completed": "good", "failed": "bad", "in_progress": "warn"}
_COLUMNS: Final = (
    Column("name", "Campaign", href="/console/campaigns/{id}"),
    Column("status", "Status", "status", tones=TONES),
    Column("done", "Contacts done"),
    Column("successful", "Successful", "number"),
    Column("failed", "Failed", "number", optional=True),
    Column("cost", "Cost", optional=True),
    Column("created_at", "Created", "time", optional=True),
)
_PREVIEW: Final = (
    Column("line", "Line", "number"),
    Column("phone", "Phone", "mono"),
    Column("name", "Name"),
    Column("remark", "Remark", "wrap"),
)
_READ_AS: Final = (
    Column("column", "Column"),
    Column("read_as", "Read as"),
    Column("example", "Example", "mono", optional=True),
)
_MEDIA: Final = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IMPORT: Final = "/functions/v1/import-contacts"
_ALWAYS: Final = {"opens_at": "00:00", "closes_at": "24:00", "calling_days": [1, 2, 3, 4, 5, 6, 7]}
_LOCAL_NUMBER: Final = "+12125550100"
_LARGEST: Final = 20 << 20
_TOO_LARGE: Final = "Files of up to 20 MB are read here."


def money(cents: float | None) -> str:
    """Render cents as dollars."""
    return f"${float(cents or 0) / 100:,.2f}"


@page("/campaigns", title="Campaigns", icon="campaign", group="Work", order=10)
async def campaigns() -> None:
    """List campaigns, newest first; a file starts a new one."""
    heading("Campaigns", "Lists of contacts that are called, with what came of it")
    message = ui.element("div")
    table = Table(_COLUMNS, label="Campaigns")

    async def load() -> None:
        rows = await select("call_campaigns", order="created_at.desc", limit=100)
        ids = ",".join(row["id"] for row in rows)
        counts = await select("campaign_statistics", campaign_id=f"in.({ids})") if rows else []
        figures = {count["campaign_id"]: count for count in counts}
        table.set_rows([_render(row, figures.get(row["id"], {})) for row in rows])
        table.set_visibility(bool(rows))
        message.set_visibility(not rows)

    with message:
        empty(
            "No campaign yet",
            "Choose a list of contacts below; nothing is dialled before you start it.",
            "edge campaign import samples/contacts.csv",
        )
    await load()
    every(2.0, load)
    _NewCampaign().build()


def _render(row: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "name", "status", "created_at")},
        "done": f"{figures.get('processed', 0):,} of {figures.get('total', 0):,}",
        "successful": figures.get("successful", 0),
        "failed": figures.get("failed", 0),
        "cost": money(figures.get("cost_cents")),
    }


class _NewCampaign:
    """A file of contacts, how it is read, and the button that makes a campaign of it."""

    def __init__(self) -> None:
        self.file = b""
        self.kind = "text/csv"

    def build(self) -> None:
        with panel("New campaign from a list"):
            ui.label("CSV with a header line, .xlsx, JSON or JSON Lines, up to 20 MB.").classes(
                "dim"
            )
            with ui.element("div").classes("row-wrap"):
                self.region = ui.input("Country of numbers without +", value="US").props(
                    "dense outlined maxlength=2"
                )
                self.region.classes("filter-user")
                self.any_hour = ui.checkbox("Call at any hour (for tests)").props("dense")
            FileButton(
                "Choose a list of contacts",
                self._preview,
                lambda: ui.notify(_TOO_LARGE, type="negative"),
                most=_LARGEST,
                accept=".csv,.tsv,.txt,.xlsx,.json,.jsonl,.ndjson",
            )
            self.result = ui.element("div").classes("stack").props("aria-live=polite")

    async def _preview(self, event: events.UploadEventArguments) -> None:
        self.file = await event.file.read()
        name = PurePath(event.file.name)
        self.kind = _MEDIA.get(name.suffix.lower(), "text/csv")
        self.result.clear()
        with self.result:
            try:
                report = await self._send({"dry_run": "true"})
            except ApiError as exc:
                show_error(exc)
                return
            self._show(report, name.stem)

    async def _send(self, query: Mapping[str, str]) -> dict[str, Any]:
        region = {"default_region": (self.region.value or "US").strip().upper()}
        return await project().request(
            "POST",
            _IMPORT,
            query={**query, **region},
            content=self.file,
            headers={"content-type": self.kind},
        )

    def _show(self, report: Mapping[str, Any], name: str) -> None:
        refused, listed = report["error_count"], report["do_not_call_count"]
        kept = report["rows"] - refused - listed
        subheading("How it is read")
        ui.label(
            f"{kept:,} of {report['rows']:,} rows would be imported, {listed:,} put on the"
            f" do-not-call list, {refused:,} refused. Nothing is stored yet."
        )
        for notice in report.get("notices", ()):
            ui.label(notice).classes("status warn")
        for fault in report["errors"][:20]:
            ui.label(f"Line {fault['line']}: {fault['problem']}").classes("status bad")
        with ui.element("div").classes("grid-2"):
            Table(_READ_AS, report["columns"], label="Columns", row_key="column")
            rows = [{**row, "remark": _remark(row)} for row in report["preview"]]
            Table(_PREVIEW, rows, label="First rows", row_key="line")
        with ui.element("div").classes("row-wrap"):
            field = ui.input("Name of the campaign", value=name).props("dense outlined")
            button = ui.button(f"Create with {kept:,} contacts").props("no-caps unelevated")
            button.set_enabled(kept > 0)
            button.on_click(lambda: self._create((field.value or "").strip() or name, button))

    async def _create(self, name: str, button: ui.button) -> None:
        button.disable()

        async def work() -> None:
            row = await _create_campaign(name, at_any_hour=bool(self.any_hour.value))
            await self._send({"campaign_id": row["id"]})
            ui.navigate.to(f"/campaigns/{row['id']}")

        if not await attempt(work):
            button.enable()


def _remark(row: Mapping[str, Any]) -> str:
    return row.get("problem") or ("do not call" if row["do_not_call"] else "")


async def _create_campaign(name: str, *, at_any_hour: bool) -> dict[str, Any]:
    """Insert a draft for the organization that can call; a stack without one gets a local one."""
    number = await select_one(
        "phone_numbers", status="eq.active", order="is_primary.desc,created_at"
    )
    if number is None:
        organization = (await insert("organizations", {"name": "Local organization"}))["id"]
        agent = {"name": "Local agent", "retell_agent_id": "agent_local"}
        await insert("agents", {"organization_id": organization, **agent})
        phone = {"phone_number": _LOCAL_NUMBER, "is_primary": True}
        number = await insert("phone_numbers", {"organization_id": organization, **phone})
    owner = {"organization_id": number["organization_id"]}
    agent = await select_one(
        "agents",
        organization_id=f"eq.{owner['organization_id']}",
        status="eq.active",
        order="created_at",
    )
    if agent is None:
        raise ApiError(
            409, "NO_AGENT", "The organization has no active agent.", "Add one to agents."
        )
    hours = _ALWAYS if at_any_hour else {}
    ids = {"agent_id": agent["id"], "phone_number_id": number["id"]}
    return await insert("call_campaigns", {**owner, **ids, "name": name, **hours})
