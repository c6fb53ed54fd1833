"""Users: search, create, ban, delete, sessions, factors, a short token to sign in as one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import ui

from console import api, page
from console.api import ApiError
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.filters import Filters
from console.ui.messages import copy_button, empty
from console.ui.parts import facts, link, pages, panel
from console.ui.table import Column, Table
from console.ui.text import json_block
from console.ui.times import time_tag

_ADMIN: Final = "/services/auth/admin/users"
_COLUMNS: Final = (
    Column("who", "User", href="/console/users/{id}"),
    Column("state", "State", "status", tones={"banned": "bad", "unconfirmed": "warn"}),
    Column("created_at", "Created", "time"),
    Column("last_sign_in_at", "Last sign-in", "time", optional=True),
    Column("sessions", "Sessions", "number", optional=True),
    Column("factors", "Factors", "number", optional=True),
    Column("id", "Id", "mono", optional=True),
)
_SESSIONS: Final = (
    Column("created_at", "Started", "time"),
    Column("refreshed_at", "Refreshed", "time", optional=True),
    Column("aal", "Level"),
    Column("user_agent", "Program", optional=True),
    Column("ip", "Address", "mono", optional=True),
    Column("end", "", "action"),
)
_FACTORS: Final = (
    Column("friendly_name", "Name"),
    Column("type", "Type"),
    Column("status", "Status", "status", tones={"verified": "good", "unverified": "warn"}),
    Column("created_at", "Created", "time"),
    Column("remove", "", "action"),
)
_IDENTITIES: Final = (
    Column("provider", "Provider"),
    Column("email", "Email"),
    Column("last_sign_in_at", "Last sign-in", "time"),
)


@page("/users", title="Users", icon="group", group="Data", order=30)
async def users(q: str = "", cursor: str = "") -> None:
    """List users, newest first."""
    with heading("Users", "Who may sign in"):
        ui.button("Create a user", icon="person_add", on_click=_create).props("no-caps unelevated")
    filters = Filters("/users", {"q": q, "cursor": cursor})
    filters.search("q", "Email, phone or id")
    place = ui.element("div").classes("stack")

    async def show() -> None:
        values = filters.values
        answer = await api().get("/users", q=values.get("q"), cursor=values.get("cursor"))
        place.clear()
        with place:
            if not answer["data"]:
                empty("No users", "Create one here, or sign up in your app.")
                return
            Table(_COLUMNS, [_listed(each) for each in answer["data"]], label="Users")
            older = filters.url(cursor=answer["next"]) if answer["next"] else None
            pages(older, filters.url(cursor="") if values.get("cursor") else None)

    filters.on_change = show
    await show()


def _listed(user: Mapping[str, Any]) -> dict[str, Any]:
    who = user["email"] or user["phone"] or ("anonymous" if user["is_anonymous"] else user["id"])
    state = "banned" if _is_banned(user) else "" if user["confirmed_at"] else "unconfirmed"
    return {**user, "who": who, "state": "" if user["is_anonymous"] else state}


def _is_banned(user: Mapping[str, Any]) -> bool:
    until = user["banned_until"]
    return bool(until) and datetime.fromisoformat(until) > datetime.now(UTC)


async def _create() -> None:
    with ui.dialog() as dialog, ui.card().classes("question"):
        with ui.element("h2"):
            ui.label("Create a user")
        email = ui.input("Email").props("dense outlined autofocus type=email").classes("full")
        password = ui.input("Password", password=True, password_toggle_button=True)
        password.props("dense outlined autocomplete=new-password").classes("full")
        confirmed = ui.checkbox("Confirmed: may sign in at once", value=True).props("dense")
        error = ui.label().classes("status bad")
        error.set_visibility(False)

        async def send() -> None:
            body = {
                "email": email.value,
                "password": password.value or None,
                "email_confirm": confirmed.value,
            }
            try:
                user = await api().post(_ADMIN, {k: v for k, v in body.items() if v is not None})
            except ApiError as exc:
                error.set_text(exc.message)
                error.set_visibility(True)
                return
            ui.navigate.to(f"/users/{user['id']}")

        with ui.element("div").classes("row-wrap question-acts"):
            ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
            ui.button("Create", on_click=send).props("no-caps unelevated")
    dialog.open()


@page("/users/{user_id}", title="User", icon="person")
async def user(user_id: str) -> None:
    """Show one user with sessions, factors and identities."""
    found = await api().get(f"/users/{user_id}")
    await _UserPage(found).build()


class _UserPage:
    def __init__(self, user: dict[str, Any]) -> None:
        self._user = user
        self._id = user["id"]

    async def build(self) -> None:
        user = self._user
        title = user["email"] or user["phone"] or "Anonymous user"
        with heading(title, "Banned" if _is_banned(user) else ""):
            token = ui.button("Sign in as", icon="key", on_click=self._sign_in)
            token.props("no-caps unelevated").tooltip("A token of ten minutes; audited")
            ban = "Lift the ban" if _is_banned(user) else "Ban"
            ui.button(ban, on_click=self._ban).props("flat no-caps")
            remove = ui.button("Delete", on_click=self._delete)
            remove.props("flat no-caps color=negative")
        self._token = ui.element("div")
        with panel():
            facts(self._facts())
            query = urlencode({"role": "authenticated", "sub": self._id})
            with ui.element("div").classes("row-wrap"):
                link("SQL as this user", f"/console/sql?{query}")
                link("Storage as this user", f"/console/storage?{query}")
                link("Realtime as this user", f"/console/realtime?{query}")
                link("Requests of this user", f"/console/requests?caller={self._id}")
        self._show_lists()
        with ui.element("div").classes("grid-2"):
            for name, label in (("user_metadata", "user_metadata"), ("app_metadata",) * 2):
                with panel(label):
                    json_block(user[name], label)

    def _facts(self) -> dict[str, Any]:
        user = self._user
        times = {
            "Created": "created_at",
            "Confirmed": "email_confirmed_at",
            "Last sign-in": "last_sign_in_at",
            "Banned until": "banned_until",
        }

        def show_id() -> None:
            with ui.element("span").classes("row-wrap"):
                ui.label(self._id).classes("mono")
                copy_button(self._id, "Copy the id")

        shown: dict[str, Any] = {"Id": show_id, "Role": user["role"], "Phone": user["phone"]}
        for label, name in times.items():
            at = user[name]
            shown[label] = (lambda at=at: time_tag(at)) if at else None
        return shown

    def _show_lists(self) -> None:
        user = self._user
        with panel("Sessions"):
            if user["sessions"]:
                rows = [{**each, "end": "End"} for each in user["sessions"]]
                Table(_SESSIONS, rows, label="Sessions").on_act(self._end_session)
            else:
                ui.label("Not signed in anywhere.").classes("dim")
        with panel("Second factors"):
            if user["factors"]:
                rows = [{**each, "remove": "Remove"} for each in user["factors"]]
                Table(_FACTORS, rows, label="Second factors").on_act(self._remove_factor)
            else:
                ui.label("None enrolled.").classes("dim")
        if user["identities"]:
            with panel("Identities"):
                Table(_IDENTITIES, user["identities"], label="Identities", row_key="provider")

    async def _sign_in(self) -> None:
        answer = await api().post(f"/users/{self._id}/token")
        self._token.clear()
        with self._token, panel("Access token, valid for ten minutes"):
            with ui.element("div").classes("row-wrap"):
                copy_button(answer["access_token"], "Copy the token")
                ui.label("Send it as Authorization: Bearer …, with the publishable key as apikey.")
            ui.label(answer["access_token"]).classes("mono break")

    async def _ban(self) -> None:
        banned = _is_banned(self._user)
        text = "Sessions end with their tokens; signing in is refused."
        if banned or await confirm("Ban this user?", text, "Ban", danger=True):
            duration = "none" if banned else "876000h"
            await api().request("PUT", f"{_ADMIN}/{self._id}", body={"ban_duration": duration})
            ui.navigate.reload()

    async def _delete(self) -> None:
        text = "Rows that refer to the user go with it, as far as their tables say so."
        if await confirm("Delete this user?", text, "Delete", danger=True):
            await api().delete(f"{_ADMIN}/{self._id}")
            ui.navigate.to("/users")

    async def _end_session(self, key: Any, _column: str) -> None:
        await api().delete(f"/users/{self._id}/sessions/{key}")
        ui.navigate.reload()

    async def _remove_factor(self, key: Any, _column: str) -> None:
        text = "The user can then sign in without it."
        if await confirm("Remove this factor?", text, "Remove", danger=True):
            await api().delete(f"{_ADMIN}/{self._id}/factors/{key}")
            ui.navigate.reload()
