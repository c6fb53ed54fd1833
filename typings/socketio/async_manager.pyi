from collections.abc import Callable, Iterable
from typing import Any

from . import AsyncServer

class AsyncManager:
    json: Any
    server: AsyncServer
    rooms: dict[str, dict[str | None, Any]]
    def __init__(self) -> None: ...
    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        *,
        room: str | None = ...,
        skip_sid: Any = ...,
        callback: Callable[..., Any] | None = ...,
        to: str | None = ...,
    ) -> None: ...
    def is_connected(self, sid: str, namespace: str) -> bool: ...
    def get_participants(self, namespace: str, room: str | None) -> Iterable[tuple[str, str]]: ...
    def initialize(self) -> None: ...
    def eio_sid_from_sid(self, sid: str, namespace: str) -> str: ...
    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None: ...
