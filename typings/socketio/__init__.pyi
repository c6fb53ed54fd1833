from collections.abc import Awaitable, Callable
from typing import Any

from . import exceptions as exceptions
from .async_manager import AsyncManager as AsyncManager
from .async_pubsub_manager import AsyncPubSubManager

class AsyncRedisManager(AsyncPubSubManager):
    def __init__(self, url: str = ..., channel: str = ...) -> None: ...

class _Queue:
    def qsize(self) -> int: ...

class _Socket:
    queue: _Queue

class _EngineServer:
    sockets: dict[str, _Socket]

class AsyncServer:
    manager: AsyncManager
    eio: _EngineServer
    def __init__(
        self,
        *,
        async_mode: str = ...,
        client_manager: AsyncManager | None = ...,
        cors_allowed_origins: str | list[str] | Callable[[str | None], bool] | None = ...,
        cors_credentials: bool = ...,
        max_http_buffer_size: int = ...,
    ) -> None: ...
    async def emit(
        self, event: str, data: Any = ..., to: str | None = ..., namespace: str | None = ...
    ) -> None: ...
    async def disconnect(self, sid: str, namespace: str | None = ...) -> None: ...
    def register_namespace(self, namespace_handler: AsyncNamespace) -> None: ...

class AsyncNamespace:
    def __init__(self, namespace: str | None = ...) -> None: ...
    async def enter_room(self, sid: str, room: str, namespace: str | None = ...) -> None: ...

class ASGIApp:
    def __init__(self, socketio_server: AsyncServer, other_asgi_app: Any = ...) -> None: ...
    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None: ...
