"""The console's WebSocket: checked like a request, then bytes both ways."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from edge.console_proxy.process import ConsoleError, ConsoleProcess
from edge.runtime.proxy.upgrade import Pipe, UpgradedConnection, parse_upgrade, render_upgrade

_HIDDEN: Final = (b"cookie", b"authorization", b"apikey")


Choose = Callable[[list[tuple[bytes, bytes]]], ConsoleProcess | bytes]
"""Returns the process that headers lead to, or the status that refuses them."""


class PagesSocket(UpgradedConnection):
    """One connection of a browser's, from the raw request of its upgrade on."""

    def __init__(self, choose: Choose) -> None:
        super().__init__()
        self._choose = choose
        self._use = ExitStack()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._use.close()

    async def open_other(self, data: bytes) -> None:
        try:
            request = parse_upgrade(data)
        except ValueError:
            self.refuse(b"400 Bad Request")
            return
        process = self._choose(list(request["headers"]))
        if isinstance(process, bytes):
            self.refuse(process)
            return
        self._use.enter_context(process.using())
        kept = [header for header in request["headers"] if header[0] not in _HIDDEN]
        other = Pipe()
        open_socket = asyncio.get_running_loop().create_unix_connection
        try:
            address = str(await process.ensure())
            await self.join(
                other,
                lambda: open_socket(lambda: other, address),
                render_upgrade({**request, "headers": kept}),
            )
        except (ConsoleError, OSError):
            self.refuse(b"503 Service Unavailable")
