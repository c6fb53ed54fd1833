"""Rows that arrive while a list is open, from a stream of server-sent events."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from nicegui import background_tasks, ui

from console.api import ApiError, api
from console.ui.table import Row, Table

_THROTTLE_SECONDS: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
_MOST: Final = 200
Render = Callable[[dict[str, Any]], Row]


class Live:
    """Fills `table` from the stream at `path`, whose query `query` returns; adds a pause button.

    `backlog` is the list at the same filters: it is read once the stream is open, so that nothing
    is missed between a page's first rows and the stream, or while the connection was lost.
    """

    def __init__(
        self,
        table: Table,
        path: str,
        query: Callable[[], Mapping[str, str]],
        *,
        backlog: str,
        render: Render = dict,
    ) -> None:
        self._table = table
        self._path = path
        self._query = query
        self._backlog = backlog
        self._render = render
        self._arrived: list[dict[str, Any]] = []
        self._client = ui.context.client
        self._task: asyncio.Task[None] | None = None
        self._is_live = True
        self._button = ui.button("Live", icon="pause", on_click=self._toggle)
        self._button.props('flat dense no-caps aria-label="Pause the list"')
        self._client.on_delete(self._cancel)
        self.restart()

    def restart(self) -> None:
        """Start over, after a filter has changed."""
        self._cancel()
        self._arrived.clear()
        self._task = background_tasks.create(self._run(), name=f"live {self._path}")

    def _cancel(self) -> None:
        if self._task:
            self._task.cancel()

    def _toggle(self) -> None:
        self._is_live = not self._is_live
        self._table.set_live(self._is_live)
        self._button.set_text("Live" if self._is_live else "Paused")
        self._button.props(f"icon={'pause' if self._is_live else 'play_arrow'}")
        self._button.props(
            f'aria-label="{"Pause the list" if self._is_live else "Let new rows appear again"}"'
        )

    async def _run(self) -> None:
        await self._client.connected()
        pause = 0.5
        while True:
            flushing = asyncio.create_task(self._flush())
            try:
                async for item in api().events(self._path, on_open=self._catch_up, **self._query()):
                    pause = 0.5
                    self._arrived = [item, *self._arrived][:_MOST]
            except ApiError as exc:
                if 400 <= exc.status < 500:  # the filter's fault, which the list has shown already
                    return
            finally:
                flushing.cancel()
                with suppress(asyncio.CancelledError):
                    await flushing
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _catch_up(self) -> None:
        answer = await api().get(self._backlog, **self._query())
        self._arrived += answer["data"]

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(_THROTTLE_SECONDS)
            if self._arrived and not self._client.is_deleted:
                rows, self._arrived = self._arrived, []
                self._table.arrive([self._render(row) for row in rows])
