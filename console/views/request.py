"""One request: where its time went, what came in and went out, its log; replay with other input."""

import asyncio
import base64
import json
from collections.abc import Mapping
from difflib import unified_diff
from functools import partial
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError
from console.layout import heading
from console.settings import read_settings
from console.snippets import Call
from console.ui.copy_as import copy_as
from console.ui.messages import copy_button, empty
from console.ui.parts import facts, link, milliseconds, panel, size
from console.ui.roles import RolePicker
from console.ui.table import Table
from console.ui.text import pretty, text_block
from console.ui.times import time_tag
from console.ui.usage import show_usage
from console.ui.waterfall import Waterfall
from console.view import BASE
from console.views.logs import LOG_COLUMNS, render_log

_NOT_COPIED: Final = frozenset(
    ("host", "content-length", "connection", "accept-encoding", "authorization", "apikey")
)


_CLOSE_CODES: Final = {
    1000: "normal",
    1001: "going away",
    1002: "protocol error",
    1005: "without a code",
    1006: "no close frame: the connection broke off",
    1008: "policy violation",
    1009: "message too big",
    1011: "internal error",
    1012: "the service restarts",
    1013: "try again later",
}
_PAUSES: Final = (0.2, 0.3, 0.5, 1.0, 2.0)
"""Seconds between attempts: a request is stored a moment after its answer."""


async def _fetch(request_id: str) -> dict[str, Any]:
    """Return a request, also one that was answered just now."""
    for pause in _PAUSES:
        try:
            return await api().get(f"/requests/{request_id}")
        except ApiError as exc:
            if exc.status != 404:
                raise
        await asyncio.sleep(pause)
    return await api().get(f"/requests/{request_id}")


@page("/requests/{id}", title="Request", icon="swap_horiz")
async def request(id: str) -> None:
    """Show a request; `id` is the one in its `sb-request-id`."""
    try:
        found = await _fetch(id)
    except ApiError as exc:
        heading("Request")
        if exc.status != 404:
            raise
        empty(exc.message, exc.hint)
        return
    path = found["path"] + (f"?{found['query']}" if found.get("query") else "")
    attributes: Mapping[str, Any] = found.get("attributes") or {}
    is_socket = attributes.get("network.protocol.name") == "websocket"
    with heading(f"{'WebSocket' if is_socket else found['method']} {path}"):
        if not is_socket:
            _add_actions(found)
    _show_facts(found, _describe_socket(attributes) if is_socket else {})
    if found["spans"]:
        with panel("Where the time went"):
            Waterfall(found["spans"])
    show_usage(found.get("usage"))
    with ui.element("div").classes("grid-2"):
        _show_side("Request", found["request"])
        _show_side("Answer", found["response"])
    with panel("Log"):
        if found["logs"]:
            rows = [render_log(line, number) for number, line in enumerate(found["logs"])]
            Table(LOG_COLUMNS, rows, label="Log of this request", row_key="key", most=2000)
        else:
            ui.label("This request has written nothing.").classes("dim")
    if not is_socket:
        _Replay(found).build()


def _add_actions(found: Mapping[str, Any]) -> None:
    button = ui.button("Replay …", icon="replay", on_click=partial(_scroll_to, "replay"))
    button.props("no-caps unelevated")
    _add_snippets(found)


def _describe_socket(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a WebSocket; the texts of its messages are not kept."""
    if "websocket.close_code" not in attributes:
        return {}
    code = attributes["websocket.close_code"]
    received, sent = (attributes.get(f"websocket.messages_{way}") for way in ("received", "sent"))
    return {
        "Messages": f"{received} received, {sent} sent; their contents are not kept",
        "Closed with": f"{code} {_CLOSE_CODES.get(code, '')}".strip(),
    }


def _show_facts(found: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    status = f"{found['status']}" + (f" {found['code']}" if found.get("code") else "")
    tone = "bad" if found["status"] >= 500 else "warn" if found["status"] >= 400 else "good"

    def add_id(value: str) -> None:
        with ui.element("div").classes("row-wrap mono"):
            ui.label(value)
            copy_button(value, "Copy the id")

    shown: dict[str, Any] = {
        "Status": lambda: ui.label(status).classes(f"status {tone}"),
        "Error": found.get("error"),
        "Took": milliseconds(found["duration_ms"]) + (", cold start" if found.get("cold") else ""),
        "Time": lambda: time_tag(found["started_at"], exact=True),
        "Caller": " ".join(filter(None, (found.get("role"), found.get("sub")))),
        "Bytes": f"{size(found.get('request_bytes'))} in, {size(found.get('response_bytes'))} out",
        **more,
        "Request id": lambda: add_id(found["id"]),
    }
    if execution := found.get("execution_id"):
        shown["Execution id"] = lambda: add_id(execution)
    if slug := found.get("function"):
        shown["Function"] = lambda: link(slug, f"{BASE}/functions/{slug}")
    if parent := found.get("parent_id"):
        shown["Made by"] = lambda: link(parent, f"{BASE}/requests/{parent}")
    if original := found.get("replay_of"):
        shown["Replay of"] = lambda: link(original, f"{BASE}/requests/{original}")
    if replays := found["replays"]:
        shown["Replays"] = partial(_link_all, replays)
    if not found.get("error"):
        shown.pop("Error")
    with panel():
        facts(shown)


def _link_all(ids: list[str]) -> None:
    with ui.element("div").classes("row-wrap mono"):
        for each in ids[:20]:
            link(each[:8], f"{BASE}/requests/{each}")


def _show_side(title: str, stored: Mapping[str, Any] | None) -> None:
    with panel(title):
        if stored is None:
            ui.label("Not recorded.").classes("dim")
            return
        text = body_text(stored)
        text_block(pretty(text), f"{title} body")
        if stored.get("truncated"):
            ui.label("Cut: only its first part is kept.").classes("dim")
        headers = header_pairs(stored["headers"])
        with ui.expansion(f"{len(headers)} headers").props("dense"):
            facts(dict(headers))


def header_pairs(headers: Any) -> list[tuple[str, str]]:
    """Return headers as pairs, however they are stored."""
    if isinstance(headers, dict):
        return [(str(name), str(value)) for name, value in headers.items()]
    return [(str(name), str(value)) for name, value in headers or ()]


def body_text(stored: Mapping[str, Any]) -> str:
    """Return a body as text; bytes that are none are named by their size."""
    if stored["encoding"] != "base64":
        return stored["body"]
    return f"{len(base64.b64decode(stored['body'])):,} bytes that are no text"


def _add_snippets(found: Mapping[str, Any]) -> None:
    if found.get("kind") != "function":
        return
    slug = found["function"]
    headers = header_pairs((found["request"] or {}).get("headers"))
    rest = found["path"].removeprefix("/functions/v1").removeprefix(f"/{slug}")
    call = Call(
        url=read_settings().project_url,
        function=slug,
        method=found["method"],
        path=rest,
        query=found.get("query") or "",
        headers={n: v for n, v in headers if n.lower() in {"content-type", "accept"}},
        body=body_text(found["request"]) if found["request"] else "",
        key=read_settings().publishable_key,
    )
    copy_as(lambda: call)


def _scroll_to(anchor: str) -> None:
    ui.run_javascript(
        f"const at = document.getElementById({json.dumps(anchor)});"
        "at.scrollIntoView(); at.querySelector('textarea')?.focus();"
    )


class _Replay:
    """The form that sends the request again, and the comparison of both answers."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found

    def build(self) -> None:
        stored: Mapping[str, Any] = self.found["request"] or {"encoding": "base64", "body": ""}
        self.is_editable = stored["encoding"] == "utf8"
        with panel("Replay") as box:
            box.props("id=replay")
            if not self.is_editable or stored.get("truncated"):
                ui.label("The body was not stored whole: write one.").classes("dim")
            text = pretty(stored["body"]) if self.is_editable else ""
            self.original = text
            self.body = ui.textarea("Body", value=text[:200_000]).props("outlined autogrow")
            self.body.classes("mono full body-field")
            with ui.element("div").classes("row-wrap"):
                self.role = RolePicker(same=True)
                button = ui.button("Replay", icon="replay", on_click=self.send)
                button.props("no-caps unelevated")
            self.result = ui.element("div").classes("stack").props("aria-live=polite")

    async def send(self) -> None:
        self.result.clear()
        body: dict[str, Any] = {"as": self.role.value}
        if self.body.value != self.original:
            body["body"] = self.body.value
        try:
            answer = await api().post(f"/requests/{self.found['id']}/replay", body)
        except ApiError as exc:
            with self.result:
                ui.label(f"{exc.message} {exc.hint}").classes("message message-error")
            return
        with self.result:
            self._show(answer)

    def _show(self, answer: Mapping[str, Any]) -> None:
        tone = "bad" if answer["status"] >= 500 else "warn" if answer["status"] >= 400 else "good"
        with ui.element("div").classes("row-wrap"):
            ui.label(f"{self.found['status']} before,").classes("dim")
            ui.label(f"{answer['status']}").classes(f"status {tone}")
            link("Open the new request", f"{BASE}/requests/{answer['id']}")
        before = self.found["response"]
        old = pretty(body_text(before)) if before else ""
        new = pretty(_as_text(answer["body"]))
        difference = list(diff_lines(old, new))
        if not difference:
            ui.label("The answer's body is the same.").classes("dim")
        with ui.element("pre").classes("text").props('tabindex=0 aria-label="Difference"'):
            for kind, line in difference[:2000]:
                ui.label(line).classes(f"diff diff-{kind}")
        text_block(new, "New answer")


def _as_text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


def diff_lines(old: str, new: str) -> list[tuple[str, str]]:
    """Return lines that differ, with their neighbours: same, old or new."""
    kinds = {"-": "old", "+": "new", " ": "same"}
    lines = list(unified_diff(old[:200_000].splitlines(), new[:200_000].splitlines(), lineterm=""))
    return [(kinds[line[0]], line) for line in lines[2:] if line[:1] in kinds]
