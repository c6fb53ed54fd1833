"""Requests to a provider: bounded, with failures divided by whether another try may help."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx

from workers.errors import (
    NetworkError,
    OutOfMemoryError,
    ProviderConfigurationError,
    ProviderError,
    SlowError,
    WorkError,
)
from workers.fetch import FetchError, FetchPolicy, FetchTimeoutError, fetch

_MAX_BYTES: Final = 128 * 1024 * 1024
_FILE_BYTES: Final = 50 * 1024 * 1024
_FILE_SECONDS: Final = 60.0
_OUT_OF_MEMORY: Final = ("out of memory", "outofmemory", "cuda error")


class Api:
    """A provider's HTTP API below `base_url`."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        seconds: float = 60.0,
        auth: tuple[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = httpx.AsyncClient(
            headers=headers, auth=auth, timeout=httpx.Timeout(seconds, connect=10.0)
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Return the JSON object that the provider answers with. Raises WorkError."""
        found = self._parse(await self.read(method, path, **arguments))
        if not isinstance(found, dict):
            raise ProviderError("The provider's answer is not a JSON object.")
        return cast("dict[str, Any]", found)

    async def call_list(self, method: str, path: str) -> list[Any]:
        """Return the JSON list that the provider answers with. Raises WorkError."""
        found = self._parse(await self.read(method, path))
        if not isinstance(found, list):
            raise ProviderError("The provider's answer is not a JSON list.")
        return cast("list[Any]", found)

    async def read(self, method: str, path: str, **arguments: Any) -> bytes:
        """Return the body of a successful answer. Raises WorkError."""
        url = path if path.startswith("http") else f"{self.base_url}{path}"
        try:
            async with self._client.stream(method, url, **arguments) as response:
                content = await _read(response)
        except httpx.TimeoutException as exc:
            raise SlowError(f"The provider did not answer in time: {type(exc).__name__}.") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise NetworkError(f"The provider cannot be reached: {type(exc).__name__}.") from exc
        if not response.is_success:
            raise classify(response.status_code, content)
        return content

    async def download(self, url: str, *, allows_private: bool) -> bytes:
        """Fetch a file that the provider names; the provider's own host may be private."""
        origin = "/".join(self.base_url.split("/")[:3])
        policy = FetchPolicy(
            allows_private=allows_private,
            allows_shared=allows_private,
            trusted=(origin,),
            max_bytes=_FILE_BYTES,
            seconds=_FILE_SECONDS,
        )
        try:
            answer = await fetch(url, policy)
        except FetchTimeoutError as exc:
            raise SlowError(f"The provider's file: {exc}") from exc
        except FetchError as exc:
            raise ProviderError(f"The provider's file: {exc}") from exc
        if not answer.is_success:
            raise classify(answer.status, answer.content)
        return answer.content

    def _parse(self, content: bytes) -> object:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as exc:
            raise ProviderError("The provider's answer is not JSON.") from exc


def classify(status: int, content: bytes) -> WorkError:
    """Return the failure that a status and a body mean."""
    text = content[:2000].decode("utf-8", "replace").strip()
    shown = f"The provider answers {status}: {text[:300]}"
    if any(sign in text.lower() for sign in _OUT_OF_MEMORY):
        return OutOfMemoryError(shown)
    if status in (401, 403):
        return ProviderConfigurationError(f"{shown} Check its key.")
    if status in (408, 429) or status >= 500:
        return NetworkError(shown)
    return ProviderError(shown)


def fail(text: object) -> WorkError:
    """Return the failure that a provider's own words mean."""
    words = str(text)[:500] or "The provider failed."
    is_memory = any(sign in words.lower() for sign in _OUT_OF_MEMORY)
    return OutOfMemoryError(words) if is_memory else ProviderError(words)


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _MAX_BYTES:
            raise ProviderError(f"The provider's answer has more than {_MAX_BYTES:,} bytes.")
    return bytes(content)
