"""SQL: statements as anybody, rolled back unless kept, with the policies that applied."""

from functools import partial
from typing import Any, Final

from nicegui import app, ui

from console import api, page
from console.api import ApiError
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.export import export_buttons
from console.ui.filters import Filters
from console.ui.messages import show_error
from console.ui.parts import milliseconds, panel
from console.ui.see_as import NAMES, add_see_as, identity, show_decisions
from console.ui.table import Column, Table
from console.ui.text import text_block

_HISTORY: Final = "sql_history"
_MOST_KEPT: Final = 50
_LONGEST_KEPT: Final = 4000
_REPORT_SCHEME: Final = """
const scheme = matchMedia("(prefers-color-scheme: dark)");
const report = () => emitEvent("scheme", scheme.matches);
scheme.addEventListener("change", report);
report();"""


@page("/sql", title="SQL", icon="terminal", group="Data", order=20)
async def sql(query: str = "") -> None:
    """Show an editor and what its statement answers."""
    parameters = ui.context.client.request.query_params
    with heading("SQL", "Rolled back, whoever you see as, unless you keep it as postgres"):
        history = ui.button("History", icon="history").props("flat no-caps")
    filters = Filters("/sql", {name: parameters.get(name, "") for name in NAMES})
    await add_see_as(filters)
    view = _SqlPage(filters, query)
    view.build()
    with history, ui.menu() as menu:
        _fill(menu, view)
    history.on_click(lambda: _fill(menu, view))


def _fill(menu: ui.menu, view: "_SqlPage") -> None:
    menu.clear()
    with menu:
        kept: list[str] = app.storage.general.get(_HISTORY, [])
        for text in kept:
            line = " ".join(text.split())[:100]
            item = ui.menu_item(line, on_click=partial(view.set_query, text))
            item.classes("mono").props("role=menuitem")
        if not kept:
            ui.menu_item("Nothing has been run yet").props("disable")


class _SqlPage:
    def __init__(self, filters: Filters, query: str) -> None:
        self._filters = filters
        self._query = query
        self._answer: dict[str, Any] = {}

    def build(self) -> None:
        self._editor = ui.codemirror(
            self._query or "select 1",
            language="PostgreSQL",
            theme="vscodeLight",
            line_wrapping=True,
        ).classes("sql-editor")
        self._editor.props('aria-label="SQL"')
        self._editor.on("keydown.ctrl.enter", self._run)
        self._editor.on("keydown.meta.enter", self._run)
        with ui.element("div").classes("row-wrap"):
            run = ui.button("Run", icon="play_arrow", on_click=self._run)
            run.props("no-caps unelevated").tooltip("Ctrl+Enter; changes are rolled back")
            ui.button("Explain", on_click=lambda: self._run("plan")).props("flat no-caps")
            analyze = ui.button("Explain analyze", on_click=lambda: self._run("analyze"))
            analyze.props("flat no-caps")
            keep = ui.button("Run and keep", icon="save", on_click=self._keep)
            keep.props("flat no-caps color=negative")
            self._seconds = ui.number("Seconds at most", value=10, min=1, max=25)
            self._seconds.props("dense outlined").classes("filter")
        self._result = ui.element("div").classes("stack")
        ui.on("scheme", lambda event: self._set_theme(is_dark=bool(event.args)))
        ui.timer(0.1, lambda: ui.run_javascript(_REPORT_SCHEME), once=True)

    def set_query(self, text: str) -> None:
        self._editor.value = text

    def _set_theme(self, *, is_dark: bool) -> None:
        self._editor.theme = "vscodeDark" if is_dark else "vscodeLight"

    async def _keep(self) -> None:
        text = "As postgres, outside of policies. It is recorded in the audit."
        if await confirm("Run and keep the changes?", text, "Run and keep", danger=True):
            await self._run(write=True)

    async def _run(self, explain: Any = "", *, write: bool = False) -> None:
        query = self._editor.value or ""
        _remember(query)
        body = {
            "query": query,
            "as": identity(self._filters.values),
            "explain": explain if isinstance(explain, str) else "",
            "write": write,
            "timeout_ms": int((self._seconds.value or 10) * 1000),
        }
        self._result.clear()
        with self._result:
            spinner = ui.spinner(size="md").props('aria-label="Running"')
        try:
            self._answer = await api().request("POST", "/sql", body=body)
        except ApiError as exc:
            self._result.clear()
            with self._result:
                show_error(exc)
            return
        spinner.delete()
        with self._result:
            self._show()

    def _show(self) -> None:
        answer = self._answer
        count = answer["row_count"]
        parts = [
            answer["command"] or "Done",
            f"{count:,} rows" if count is not None else "more rows than are shown",
            milliseconds(answer["duration_ms"]),
            "kept" if answer["committed"] else "rolled back",
        ]
        with ui.element("div").classes("row-wrap").props("role=status"):
            ui.label(" · ".join(parts)).classes("dim")
            if answer["rows"]:
                export_buttons("result", self._records)
        for text in answer["notes"] + answer["notices"]:
            ui.label(text).classes("dim")
        if [each["name"] for each in answer["columns"]] == ["QUERY PLAN"]:
            with panel("Plan"):
                text_block("\n".join(str(row[0]) for row in answer["rows"]), "plan", wrap=False)
        elif answer["columns"]:
            columns = [
                Column(f"c{n}", each["name"], "mono") for n, each in enumerate(answer["columns"])
            ]
            rows = [
                {"id": number, **{f"c{n}": _shown(value) for n, value in enumerate(row)}}
                for number, row in enumerate(answer["rows"])
            ]
            Table(columns, rows, label="Result", most=1000)
        show_decisions(answer)

    async def _records(self) -> list[dict[str, Any]]:
        names = [each["name"] for each in self._answer["columns"]]
        return [dict(zip(names, row, strict=True)) for row in self._answer["rows"]]


def _shown(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _remember(query: str) -> None:
    kept = [each for each in app.storage.general.get(_HISTORY, []) if each != query]
    if query.strip() and len(query) <= _LONGEST_KEPT:
        app.storage.general[_HISTORY] = [query, *kept][:_MOST_KEPT]
