"""The choice of whom to see as, in the filters of a page: postgres, a role, or a user."""

from typing import Any, Final

from nicegui import ui

from console.api import api
from console.ui.filters import Filters
from console.ui.parts import link, panel
from console.ui.table import Column, Table

NAMES: Final = ("role", "sub", "aal")
_ROLES: Final = {
    "": "postgres: all rows",
    "service_role": "service_role",
    "anon": "anon: not signed in",
    "authenticated": "A user …",
}
_MOST_USERS: Final = 200


async def add_see_as(filters: Filters, everything: str = _ROLES[""]) -> None:
    """Add the choice to a page's filters; its values are `role`, `sub` and `aal`.

    `everything` names the choice that no policy limits.
    """
    values = filters.values
    with filters:
        role = ui.select({**_ROLES, "": everything}, label="See as", value=_role(values))
        role.props("dense outlined options-dense").classes("filter")
        user = await _user_select(values.get("sub", ""))
        level = ui.checkbox("Second factor", value=values.get("aal") == "aal2").props("dense")
    user.bind_visibility_from(role, "value", value="authenticated")
    level.bind_visibility_from(role, "value", value="authenticated")

    async def choose_role(event: Any) -> None:
        if event.value != "authenticated":
            values.pop("sub", None)
            values.pop("aal", None)
        await filters.set("role", event.value)

    role.on_value_change(choose_role)
    user.on_value_change(lambda event: filters.set("sub", event.value or ""))
    level.on_value_change(lambda event: filters.set("aal", "aal2" if event.value else ""))


def identity(values: dict[str, str]) -> dict[str, str]:
    """Return what the API takes as `as`."""
    chosen = {name: values[name] for name in NAMES if values.get(name)}
    return {"role": "authenticated", **chosen} if chosen.get("sub") else chosen


def _role(values: dict[str, str]) -> str:
    return "authenticated" if values.get("sub") else values.get("role", "")


async def _user_select(chosen: str) -> ui.select:
    users = (await api().get("/users", limit=_MOST_USERS))["data"]
    options = {each["id"]: each["email"] or each["phone"] or each["id"] for each in users}
    if chosen and chosen not in options:
        options[chosen] = chosen
    select = ui.select(options, label="User", value=chosen or None, with_input=True)
    return select.props("dense outlined options-dense").classes("filter filter-user")


def show_decisions(answer: dict[str, Any]) -> None:
    """Show which tables were read, and the policies that decided about their rows."""
    tables = answer.get("tables") or []
    if not tables:
        return
    with panel("What decided"):
        for table in tables:
            with ui.element("div").classes("row-wrap"):
                name = f"{table['schema']}.{table['name']}"
                link(name, f"/console/tables/{table['schema']}/{table['name']}").classes("mono")
                ui.label(table["why"]).classes("dim")
        rows = [
            {
                "id": number,
                "name": policy["name"],
                "table": policy["table"],
                "command": policy["command"],
                "kind": "permissive" if policy["permissive"] else "restrictive",
                "using": policy["using"],
                "check": policy["check"],
            }
            for number, policy in enumerate(answer.get("policies") or [])
        ]
        if rows:
            columns = [
                Column("name", "Policy"),
                Column("table", "Table", "mono"),
                Column("command", "For"),
                Column("kind", "Kind", optional=True),
                Column("using", "Using", "mono"),
                Column("check", "With check", "mono", optional=True),
            ]
            Table(columns, rows, label="Policies that applied")
