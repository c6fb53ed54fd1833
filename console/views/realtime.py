"""Realtime: open channels, and a listener that shows each frame and sends broadcasts."""

import itertools
import json
from datetime import UTC, datetime
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError
from console.layout import heading
from console.realtime_rates import Rates, describe_counts
from console.realtime_socket import Frame, Listener, Topic
from console.settings import read_settings
from console.ui.filters import Filters
from console.ui.messages import empty
from console.ui.parts import panel
from console.ui.see_as import NAMES, add_see_as, identity
from console.ui.table import Column, Table

_MOST: Final = 200
_CHANNELS: Final = (
    Column("topic", "Topic", "mono"),
    Column("private", "Private", "flag"),
    Column("members", "Members", "number"),
    Column("presence", "Present", "number"),
    Column("rate", "Messages/s", "number"),
    Column("messages", "So far", optional=True),
    Column("who", "Who", optional=True),
    Column("tables", "Listens to", "mono", optional=True),
    Column("listen", "", "action"),
)
_FRAMES: Final = (
    Column("at", "Arrived", "time"),
    Column("event", "Event", "mono"),
    Column("latency_ms", "After", "duration"),
    Column("payload", "Payload", "mono"),
)


@page("/realtime", title="Realtime", icon="sensors", group="Data", order=60)
async def realtime(topic: str = "") -> None:
    """Show the channels, and listen to one."""
    query = ui.context.client.request.query_params
    heading("Realtime", "Open channels; listen to one as anybody")
    inspector = _Inspector(Filters("/realtime", {name: query.get(name, "") for name in NAMES}))
    await inspector.build(topic)


class _Inspector:
    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._listener: Listener | None = None
        self._numbers = itertools.count(1)
        self._topics: dict[str, dict[str, Any]] = {}
        self._rates = Rates()

    async def build(self, topic: str) -> None:
        await add_see_as(self._filters, "service_role: everything")
        with panel("Listen"):
            with ui.element("div").classes("filters"):
                self._topic = ui.input("Topic", value=topic or "room-1")
                self._table = ui.input("Table: schema.name")
                self._topic.props("dense outlined").classes("filter mono")
                self._table.props("dense outlined").classes("filter mono filter-user")
                self._private = ui.checkbox("Private: policies decide").props("dense")
                self._button = ui.button("Listen", icon="hearing", on_click=self._toggle)
                self._button.props("no-caps unelevated")
                self._state = ui.label("Not connected").classes("dim").props("role=status")
            with ui.element("div").classes("filters"):
                event = ui.input("Event", value="message").props("dense outlined").classes("filter")
                body = ui.input("Payload (JSON)", value='{"text": "hello"}')
                body.props("dense outlined").classes("filter mono grow")
                send = ui.button("Send a broadcast", icon="send")
                send.props("flat no-caps").on_click(
                    lambda: self._send(event.value or "message", body.value or "{}")
                )
        with panel("Frames"):
            ui.label("Each frame of the topic is shown here as it arrives.").classes("dim")
            self._frames = Table(_FRAMES, [], label="Frames", most=_MOST)
        self._channels = ui.element("div")
        await self._show_channels()
        ui.timer(3.0, self._show_channels, immediate=False)
        ui.context.client.on_delete(self._stop)

    async def _show_channels(self) -> None:
        try:
            answer = await api().get("/realtime")
        except ApiError as exc:
            self._state.set_text(exc.message)
            return
        self._topics = {each["id"]: each for each in answer["data"]}
        rates = self._rates.update(answer)
        rows = [_listed(each, rates[each["id"]]) for each in answer["data"]]
        self._channels.clear()
        with self._channels, panel(f"Open channels on {answer['sockets']} connections"):
            if rows:
                Table(_CHANNELS, rows, label="Channels").on_act(self._choose)
            else:
                empty("No channel is open", "Subscribe in your app, or listen above.")

    async def _choose(self, key: Any, _column: str) -> None:
        found = self._topics.get(str(key))
        if found:
            self._topic.value = found["topic"]
            self._private.value = found["private"]
            await self._start()

    async def _toggle(self) -> None:
        if self._listener:
            self._stop()
            self._set_state("Not connected")
        else:
            await self._start()

    async def _start(self) -> None:
        self._stop()
        chosen = identity(self._filters.values)
        settings = read_settings()
        key, token = settings.publishable_key, ""
        try:
            if chosen.get("sub"):
                level = chosen.get("aal", "aal1")
                token = (await api().post(f"/users/{chosen['sub']}/token?aal={level}"))[
                    "access_token"
                ]
            elif chosen.get("role") != "anon":
                token = settings.service_role_key
        except ApiError as exc:
            ui.notify(exc.message, type="negative")
            return
        url = settings.project_url.replace("http", "ws", 1) + "/realtime/v1/websocket"
        topic = Topic(
            self._topic.value or "room-1", bool(self._private.value), self._table.value or ""
        )
        self._listener = Listener(url, key, token, topic, self._add, self._set_ended)
        self._listener.start()
        self._set_state(f"Listening to {topic.name}")

    def _stop(self) -> None:
        if self._listener:
            self._listener.stop()
            self._listener = None

    def _set_state(self, text: str) -> None:
        self._state.set_text(text)
        self._button.set_text("Stop" if self._listener else "Listen")

    def _set_ended(self, reason: str) -> None:
        self._listener = None
        self._set_state(f"Ended: {reason}")

    def _add(self, frame: Frame) -> None:
        row = {
            "id": next(self._numbers),
            "at": datetime.now(UTC).isoformat(),
            "event": frame.event,
            "latency_ms": frame.latency_ms,
            "payload": json.dumps(frame.payload, ensure_ascii=False),
        }
        self._frames.arrive([row])

    async def _send(self, event: str, text: str) -> None:
        try:
            payload = json.loads(text or "{}")
        except ValueError:
            ui.notify("The payload is no JSON", type="negative")
            return
        if self._listener is None:
            await self._start()
        if self._listener:
            await self._listener.broadcast(
                event, payload if isinstance(payload, dict) else {"value": payload}
            )


def _listed(topic: dict[str, Any], rate: float | None) -> dict[str, Any]:
    connections = topic["connections"]
    people = {each["sub"] or each["role"] for each in connections}
    tables = {table for each in connections for table in each["tables"]}
    return {
        **topic,
        "rate": rate if rate is None else round(rate, 1),
        "messages": describe_counts(topic["messages"]),
        "who": ", ".join(sorted(people)),
        "tables": ", ".join(sorted(tables)),
        "listen": "Join",
    }
