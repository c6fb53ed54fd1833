"""Tables: all of them, and one's rows page by page as anybody, with changes and exports."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from nicegui import app, ui
from starlette.requests import Request
from starlette.responses import Response

from console import api, page
from console.api import ApiError, rows_of
from console.downloads import pass_on
from console.layout import heading
from console.ui.filters import Filters
from console.ui.messages import empty, show_error
from console.ui.parts import pages, panel
from console.ui.row_editor import edit_row
from console.ui.see_as import NAMES, add_see_as, show_decisions
from console.ui.table import Column, Table

_OPERATORS: Final = {
    "eq": "=",
    "neq": "≠",
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "contains": "contains",
    "in": "is one of (a,b)",
    "is": "is (null, not_null, true)",
}
_AND: Final = ";;"


@page("/tables", title="Tables", icon="table_chart", group="Data", order=10)
async def tables(q: str = "", platform: str = "") -> None:
    """List the project's tables and views."""
    heading("Tables", "Rows, columns and policies of the local database")
    filters = Filters("/tables", {"q": q, "platform": platform})
    filters.search("q", "Name")
    filters.switch("platform", "Also the platform's")
    listed = rows_of(await api().get("/tables"))
    place = ui.element("div")

    async def show() -> None:
        found = [each for each in listed if _is_wanted(each, filters.values)]
        place.clear()
        with place:
            if not found:
                empty("No such table", "Tables come from migrations:", "edge db reset")
                return
            Table(_LIST, [_listed(each) for each in found], label="Tables", row_key="full")

    filters.on_change = show
    await show()


_SECURITY: Final = {"off": "warn", "on": "good"}
_LIST: Final = (
    Column("full", "Table", "mono", href="/console/tables/{schema}/{name}"),
    Column("kind", "Kind", optional=True),
    Column("estimate", "Rows, about", "number"),
    Column("bytes", "Size", "bytes", optional=True),
    Column("security", "Row-level security", "status", optional=True, tones=_SECURITY),
    Column("policies", "Policies", "number", optional=True),
    Column("comment", "Comment", "wrap", optional=True),
)


def _is_wanted(table: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    if table["is_platform"] and values.get("platform") != "true":
        return False
    return values.get("q", "").lower() in f"{table['schema']}.{table['name']}".lower()


def _listed(table: Mapping[str, Any]) -> dict[str, Any]:
    is_view = table["kind"] == "view"
    security = "" if is_view else "on" if table["rls"] else "off"
    return {**table, "full": f"{table['schema']}.{table['name']}", "security": security}


@page("/tables/{schema}/{name}", title="Table", icon="table_chart")
async def table(schema: str, name: str) -> None:
    """Show a table's rows as the address says, and what the table is."""
    query = ui.context.client.request.query_params
    names = ("q", "where", "order", "cursor", *NAMES)
    described = await api().get(_path(schema, name))
    await _TablePage(described, {each: query.get(each, "") for each in names}).build()


class _TablePage:
    """The page of one table."""

    def __init__(self, table: dict[str, Any], query: Mapping[str, str]) -> None:
        self._table = table
        self._path = _path(table["schema"], table["name"])
        self._columns = [column["name"] for column in table["columns"]]
        self._answer: dict[str, Any] = {}
        security = "row-level security on" if table["rls"] else "row-level security off"
        title = f"{table['schema']}.{table['name']}"
        with heading(title, f"{_count(table)}, {security}"):
            if table["is_editable"]:
                add = ui.button("Add a row", icon="add", on_click=self._add)
                add.props("no-caps unelevated")
            self._export = ui.element("a").classes("button")
            with self._export:
                ui.label("CSV")
            with ui.element("a").props(f'href="{self._sql_url()}"').classes("button"):
                ui.label("SQL")
        self._filters = Filters(self._path, query)

    async def build(self) -> None:
        self._filters.search("q", "Search in all columns")
        with self._filters:
            chosen = self._filters.values.get("order", "")
            order = ui.select(self._orders(), label="Order", value=chosen)
            order.props("dense outlined options-dense").classes("filter")
            order.on_value_change(lambda event: self._filters.set("order", event.value or ""))
        await add_see_as(self._filters)
        self._add_conditions()
        self._rows = ui.element("div").classes("stack")
        self._filters.on_change = self._show
        await self._show()
        self._show_structure()

    def _orders(self) -> dict[str, str]:
        natural = ", ".join(self._table["key"]) or "as stored"
        return {"": natural} | {
            f"{column}{suffix}": f"{column} {sign}"
            for column in self._columns
            for suffix, sign in (("", "↑"), (".desc", "↓"))
        }

    def _sql_url(self) -> str:
        quoted = f'"{self._table["schema"]}"."{self._table["name"]}"'
        return "/console/sql?" + urlencode({"query": f"select *\nfrom {quoted}\nlimit 100"})

    def _add_conditions(self) -> None:
        with ui.element("div").classes("filters"):
            column = ui.select(self._columns, label="Column", value=self._columns[0])
            operator = ui.select(_OPERATORS, label="Is", value="eq")
            for each in (column, operator):
                each.props("dense outlined options-dense").classes("filter")
            value = ui.input("Value").props("dense outlined").classes("filter")

            async def add() -> None:
                condition = f"{column.value}.{operator.value}.{value.value or ''}"
                await self._set_conditions([*self._conditions(), condition])

            value.on("keydown.enter", add)
            ui.button("Filter", icon="filter_alt", on_click=add).props("flat no-caps")
            self._chips = ui.element("div").classes("row-wrap")

    def _conditions(self) -> list[str]:
        return [each for each in self._filters.values.get("where", "").split(_AND) if each]

    async def _set_conditions(self, conditions: list[str]) -> None:
        await self._filters.set("where", _AND.join(conditions))

    def _show_chips(self) -> None:
        self._chips.clear()
        with self._chips:
            for condition in self._conditions():
                chip = ui.button(condition, icon="close").props("outline dense no-caps size=sm")
                chip.props["aria-label"] = f"Remove the filter {condition}"
                left = [each for each in self._conditions() if each != condition]
                chip.on_click(partial(self._set_conditions, left))

    def _query(self) -> list[tuple[str, str]]:
        values = self._filters.values
        pairs = [(each, values[each]) for each in ("q", "order", *NAMES) if values.get(each)]
        return pairs + [("filter", condition) for condition in self._conditions()]

    async def _show(self) -> None:
        self._show_chips()
        query = self._query()
        self._export.props["href"] = f"/console/download{self._path}.csv?{urlencode(query)}"
        if cursor := self._filters.values.get("cursor"):
            query.append(("cursor", cursor))
        self._rows.clear()
        with self._rows:
            try:
                self._answer = await api().get(f"{self._path}/rows?{urlencode(query)}")
            except ApiError as exc:
                show_error(exc)
                return
            self._show_rows()

    def _show_rows(self) -> None:
        answer = self._answer
        if answer["data"]:
            columns, rows = self._cells()
            shown = Table(columns, rows, label="Rows")
            shown.on_act(self._open)
        else:
            empty("No rows", "None match, or no policy shows one to this caller.")
        values = self._filters.values
        older = self._filters.url(cursor=answer["next"]) if answer["next"] else None
        pages(older, self._filters.url(cursor="") if values.get("cursor") else None)
        if values.get("role") or values.get("sub"):
            show_decisions(answer)

    def _cells(self) -> tuple[list[Column], list[dict[str, Any]]]:
        references = {
            each["columns"][0]: each
            for each in self._table["references"]
            if len(each["columns"]) == 1
        }
        columns = [Column("open", "", "action")]
        rows: list[dict[str, Any]] = []
        for number, values in enumerate(self._answer["data"]):
            row: dict[str, Any] = {"id": number, "open": "Open"}
            for place, (column, value) in enumerate(zip(self._columns, values, strict=True)):
                row[f"c{place}"] = value
                if column in references and value is not None:
                    row[f"f{place}"] = f"{references[column]['to_columns'][0]}.eq.{value}"
            rows.append(row)
        for place, column in enumerate(self._columns):
            href = ""
            if column in references:
                target = references[column]
                path = _path(target["to_schema"], target["to_table"])
                href = f"/console{path}?where={{f{place}}}"
            columns.append(Column(f"c{place}", column, "mono", href=href))
        return columns, rows

    async def _open(self, key: Any, _column: str) -> None:
        number = int(key)
        keys = self._answer["keys"]
        cut = {each["column"] for each in self._answer["cut"] if each["row"] == number}
        values = dict(zip(self._columns, self._answer["data"][number], strict=True))
        row_key = keys[number] if keys and self._table["is_editable"] else None
        kept = [column["name"] for n, column in enumerate(self._table["columns"]) if n in cut]
        if await edit_row(self._table, f"{self._path}/rows", values, row_key, kept):
            await self._show()

    async def _add(self) -> None:
        if await edit_row(self._table, f"{self._path}/rows", {}, {}, []):
            await self._show()

    def _show_structure(self) -> None:
        table = self._table
        columns = (
            Column("name", "Column", "mono"),
            Column("type", "Type", "mono"),
            Column("null", "Null"),
            Column("default", "Default", "mono", optional=True),
            Column("comment", "Comment", "wrap", optional=True),
        )
        rows = [
            {
                **each,
                "null": "not null" if each["not_null"] else "",
                "name": f"{each['name']} (key)" if each["name"] in table["key"] else each["name"],
            }
            for each in table["columns"]
        ]
        with panel("Columns"):
            Table(columns, rows, label="Columns", row_key="name")
        self._show_references()
        with panel("Policies"):
            if not table["policies"]:
                text = "and no row is shown to anon and users" if table["rls"] else "grants decide"
                ui.label(f"There are none: {text}.").classes("dim")
                return
            shown = [
                {**each, "id": n, "roles": ", ".join(each["roles"])}
                for n, each in enumerate(table["policies"])
            ]
            policies = (
                Column("name", "Policy"),
                Column("command", "For"),
                Column("roles", "Roles"),
                Column("using", "Using", "mono"),
                Column("check", "With check", "mono", optional=True),
            )
            Table(policies, shown, label="Policies")

    def _show_references(self) -> None:
        links = [
            (f"{', '.join(each['columns'])} → {each['to_schema']}.{each['to_table']}", each)
            for each in self._table["references"]
        ]
        links += [
            (f"← {each['schema']}.{each['table']} ({', '.join(each['columns'])})", each)
            for each in self._table["referenced_by"]
        ]
        if not links:
            return
        with panel("References"):
            for text, each in links:
                schema = each.get("to_schema") or each["schema"]
                name = each.get("to_table") or each["table"]
                with ui.element("a") as element:
                    ui.label(text).classes("mono")
                element.props["href"] = f"/console{_path(schema, name)}"


def _count(table: Mapping[str, Any]) -> str:
    count, estimate = table["count"], table["estimate"]
    if count is not None:
        return f"{count:,} rows"
    return f"about {estimate:,} rows" if estimate else "many rows"


def _path(schema: str, name: str) -> str:
    return f"/tables/{quote(schema, safe='')}/{quote(name, safe='')}"


@app.get("/download/tables/{schema}/{name}.csv")
async def _download(request: Request, schema: str, name: str) -> Response:
    """Pass the export on as it comes."""
    query = urlencode(request.query_params.multi_items())
    file = quote(f"{schema}.{name}.csv")
    disposition = {"content-disposition": f"attachment; filename*=UTF-8''{file}"}
    return await pass_on(f"{_path(schema, name)}/rows.csv?{query}", extra=disposition)
