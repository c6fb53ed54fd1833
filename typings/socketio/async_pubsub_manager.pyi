from collections.abc import AsyncGenerator, Mapping
from typing import Any

from .async_manager import AsyncManager

class AsyncPubSubManager(AsyncManager):
    channel: str
    def __init__(self, channel: str = ..., write_only: bool = ...) -> None: ...
    async def _publish(self, data: Mapping[str, Any]) -> None: ...
    def _listen(self) -> AsyncGenerator[str | bytes]: ...
