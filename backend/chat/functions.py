"""Asynchronous client of the project's functions."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx

from backend.client.reply import read_error

_PAUSES: Final = (0.5, 1.5, 4.0)
_SECONDS: Final = 160.0  # a function may take 150


class FunctionError(Exception):
    """A call failed; `code` is the function's own, and the message may be shown to users."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Functions:
    """Functions of the project at `api_url`, called with `key`."""

    def __init__(self, api_url: str, key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{api_url}/functions/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(_SECONDS, connect=5),
            limits=httpx.Limits(max_connections=128),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(
        self, slug: str, body: Mapping[str, Any], *, request_id: str, token: str = ""
    ) -> dict[str, Any]:
        """Return `data.result` of the response, or the whole of it.

        Retries 5xx, time-outs and broken connections three times. Raises FunctionError.
        """
        for pause in (*_PAUSES, None):
            try:
                return await self._call_once(slug, body, request_id, token)
            except FunctionError as exc:
                if pause is None or exc.status < 500:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    async def _call_once(
        self, slug: str, body: Mapping[str, Any], request_id: str, token: str
    ) -> dict[str, Any]:
        headers = {"X-Request-Id": request_id}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = await self._client.post(f"/{slug}", json=body, headers=headers)
            answer: Any = response.json()
        except httpx.TimeoutException as exc:
            raise FunctionError(f"{slug} did not answer in time.", "TIMEOUT", 504) from exc
        except httpx.HTTPError as exc:
            raise FunctionError(f"{slug} cannot be reached.", "CONNECTION_FAILED", 503) from exc
        except ValueError as exc:
            raise FunctionError(f"{slug} sent no JSON.", "BAD_REPLY", 502) from exc
        found = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        if response.status_code >= 400:
            message, code = read_error(slug, response.status_code, found)
            raise FunctionError(message, code, response.status_code)
        data = found.get("data")
        if isinstance(data, dict) and isinstance(cast("Any", data).get("result"), dict):
            return cast("dict[str, Any]", data)["result"]
        return found
