"""Reads of the project's tables through its data API, with the secret role."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from console import ApiError, api
from console.api import project
from console.ui.parts import link
from console.ui.table import Column
from console.ui.times import time_tag


async def select(table: str, **query: object) -> list[dict[str, Any]]:
    """GET /rest/v1/<table> with these parameters."""
    return await project().get(f"/rest/v1/{table}", **query)


async def select_one(table: str, **query: object) -> dict[str, Any] | None:
    """Return the first row, or None."""
    rows = await select(table, limit=1, **query)
    return rows[0] if rows else None


def names(columns: Iterable[Column]) -> str:
    """Return the `select` of what these columns show: transcripts and payloads stay there."""
    return ",".join(["id", *(column.name for column in columns)])


async def insert(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """POST one row; return it as stored."""
    headers = {"prefer": "return=representation"}
    path = f"/rest/v1/{table}"
    return (await project().request("POST", path, body=row, headers=headers))[0]


async def call(name: str, **arguments: object) -> Any:
    """POST /rest/v1/rpc/<name>; what only reads is asked by GET."""
    path = f"/rest/v1/rpc/{name}"
    if name.startswith("get_"):
        return await project().get(path, **arguments)
    return await project().post(path, arguments)


async def as_user(user_id: str) -> dict[str, str]:
    """Return the header with a short token of a user; the console's audit notes it."""
    token = (await api().post(f"/users/{user_id}/token"))["access_token"]
    return {"authorization": f"Bearer {token}"}


async def find_users() -> dict[str, str]:
    """Return the newest users: id to e-mail address."""
    answer = await api().get("/users", limit=50)
    return {user["id"]: user.get("email") or user["id"] for user in answer["data"]}


def offer_user(why: str) -> None:
    """Show why a user is needed, and a button that creates one for tests."""

    async def create() -> None:
        body = {"email": "test@example.com", "email_confirm": True}
        await project().post("/auth/v1/admin/users", body)
        ui.navigate.reload()

    ui.label(why).classes("dim")
    with ui.element("div").classes("row-wrap"):
        button = ui.button("Create test@example.com", icon="person_add")
        button.props("no-caps unelevated").on_click(lambda: attempt(create))
        link("All users", "/console/users")


async def attempt(work: Callable[[], Awaitable[Any]], done: str = "") -> bool:
    """Await `work`; show its error with the cure, or `done`. Return whether it went well."""
    try:
        await work()
    except ApiError as exc:
        ui.notify(f"{exc.message} {exc.hint}".strip(), type="negative", multi_line=True)
        return False
    if done:
        ui.notify(done)
    return True


def link_rows(tables: Iterable[str], column: str, value: str) -> None:
    """Add links to the rows of these tables of `public` that have this value."""
    with ui.element("div").classes("row-wrap"):
        for table in tables:
            where = urlencode({"where": f"{column}.eq.{value}"})
            link(f"public.{table}", f"/console/tables/public/{table}?{where}")


def badge(text: str, tones: Mapping[str, str]) -> None:
    """Show a status by its tone: value to good, warn, bad or plain."""
    with ui.element("div").classes("row-wrap"):
        ui.label(text).classes(f"status {tones.get(text, 'plain')}")


def moment(at: str | None) -> Callable[[], object] | None:
    """Return what adds a time to facts; None if there is none."""
    return partial(time_tag, at) if at else None


def every(seconds: float, load: Callable[[], Awaitable[None]]) -> None:
    """Load now and then while the page is open; a stack that is away is waited for."""

    async def tick(load: Callable[[], Awaitable[None]]) -> None:
        try:
            await load()
        except ApiError:
            return

    ui.timer(seconds, partial(tick, load), immediate=False)
