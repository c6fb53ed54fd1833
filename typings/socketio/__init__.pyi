from asyncio import Queue
from collections.abc import Awaitable, Callable
from typing import Any

from . import exceptions as exceptions
from .async_manager import AsyncManager as AsyncManager
from .async_pubsub_manager import AsyncPubSubManager

class AsyncRedisManager(AsyncPubSubManager):
    redis: Any
    connected: bool
    def __init__(self, url: str = ..., channel: str = ...) -> None: ...
    def _redis_connect(self) -> None: ...

class _Socket:
    queue: Queue[Any]

class _EngineServer:
    sockets: dict[str, _Socket]

class AsyncServer:
    manager: AsyncManager
    manager_initialized: bool
    eio: _EngineServer
    def __init__(
        self,
        *,
        async_mode: str = ...,
        client_manager: AsyncManager | None = ...,
        cors_allowed_origins: str | list[str] | Callable[[str | None], bool] | None = ...,
        cors_credentials: bool = ...,
        cookie: dict[str, Any] | None = ...,
        max_http_buffer_size: int = ...,
        json: Any = ...,
    ) -> None: ...
    async def emit(
        self,
        event: str,
        data: Any = ...,
        to: str | None = ...,
        namespace: str | None = ...,
        *,
        ignore_queue: bool = ...,
    ) -> None: ...
    async def disconnect(self, sid: str, namespace: str | None = ...) -> None: ...
    def register_namespace(self, namespace_handler: AsyncNamespace) -> None: ...

class AsyncClient:
    namespaces: dict[str, str]
    def __init__(
        self,
        *,
        reconnection: bool = ...,
        handle_sigint: bool = ...,
        http_session: Any = ...,
        websocket_extra_options: dict[str, Any] | None = ...,
    ) -> None: ...
    def on(
        self, event: str, handler: Callable[..., Any] | None = ..., namespace: str | None = ...
    ) -> Any: ...
    async def connect(
        self,
        url: str,
        *,
        auth: Any = ...,
        transports: list[str] | None = ...,
        namespaces: list[str] | None = ...,
        wait_timeout: float = ...,
    ) -> None: ...
    async def call(self, event: str, data: Any = ..., namespace: str | None = ...) -> Any: ...
    async def wait(self) -> None: ...
    async def disconnect(self) -> None: ...

class AsyncNamespace:
    server: AsyncServer
    async def trigger_event(self, event: Any, sid: str, *args: Any) -> Any: ...
    def __init__(self, namespace: str | None = ...) -> None: ...
    async def enter_room(self, sid: str, room: str, namespace: str | None = ...) -> None: ...
    def rooms(self, sid: str, namespace: str | None = ...) -> list[str]: ...

class ASGIApp:
    def __init__(self, socketio_server: AsyncServer, other_asgi_app: Any = ...) -> None: ...
    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None: ...
