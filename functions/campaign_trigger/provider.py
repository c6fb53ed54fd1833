"""Retell through its SDK: each request once, with a timeout, failures as results."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import retell
from retell.types.concurrency_retrieve_response import ConcurrencyRetrieveResponse

from shared.errors import ConfigurationError
from shared.http.tls import verify_for
from shared.telephony.env import RetellEnv

from .create_call_result import CreateCallResult, Rejected, Unknown, parse_call, parse_rejection
from .dial_request import DialRequest

_CONNECT_SECONDS: Final = 5.0


class ProviderError(Exception):
    """A read request failed; the state of the call is unknown."""


class NoSuchCallError(ProviderError):
    """The provider has no call with this id."""


@lru_cache(maxsize=2)
def _client(env: RetellEnv) -> retell.AsyncRetell:
    """Create the SDK client without retries: a second request could call twice."""
    if not env.api_key:
        raise ConfigurationError("RETELL_API_KEY is not set")
    return retell.AsyncRetell(
        api_key=env.api_key,
        base_url=env.base_url,
        timeout=retell.Timeout(env.timeout, connect=_CONNECT_SECONDS),
        max_retries=0,
        http_client=retell.DefaultAsyncHttpxClient(verify=verify_for(env.base_url)),
    )


@dataclass(frozen=True, slots=True)
class Provider:
    """One Retell account."""

    client: retell.AsyncRetell
    timeout: float

    @classmethod
    def of(cls, env: RetellEnv) -> "Provider":
        """Raises ConfigurationError without an API key, before contacts are claimed."""
        return cls(_client(env), env.timeout)

    async def create_call(self, request: DialRequest) -> CreateCallResult:
        """Create the call. Repeated within an hour, the idempotency key returns the same call."""
        try:
            async with asyncio.timeout(self.timeout):
                call = await self.client.call.create_phone_call(**request.call_arguments())
        except (TimeoutError, retell.APITimeoutError):
            return Unknown("no response in time")
        except retell.APIStatusError as exc:
            return parse_rejection(
                exc.status_code, _message_of(exc), exc.response.headers.get("retry-after")
            )
        except retell.APIConnectionError as exc:
            return _parse_disconnection(exc)
        except (retell.APIError, ValueError) as exc:  # ValueError: the body is not JSON
            return Unknown(f"the response cannot be parsed: {type(exc).__name__}")
        return parse_call(_document(call))

    async def fetch_call(self, call_id: str) -> Mapping[str, Any]:
        """Fetch the call as get-call renders it. Raises NoSuchCallError or ProviderError."""
        return _document(await self._get(self.client.call.retrieve(call_id)))

    async def find_call(self, request: DialRequest) -> Mapping[str, Any] | None:
        """Find the call of this attempt, None if there is none."""
        filters: Any = {
            "to_number": {"type": "string", "op": "eq", "value": request.phone},
            "metadata": [
                {"type": "string", "op": "eq", "key": "attempt_id", "value": request.attempt_id}
            ],
        }
        page = await self._get(self.client.call.list(filter_criteria=filters, limit=2))
        return _document(page.items[0]) if page.items else None

    async def fetch_concurrency(self) -> ConcurrencyRetrieveResponse:
        """Fetch the current number and the limit of concurrent calls."""
        return await self._get(self.client.concurrency.retrieve())

    async def _get(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(self.timeout):
                return await call
        except retell.APIStatusError as exc:
            if exc.status_code in {404, 422}:  # Retell says 422 where others say 404
                raise NoSuchCallError(_message_of(exc)) from exc
            raise ProviderError(f"HTTP {exc.status_code}") from exc
        except (TimeoutError, retell.APIError, ValueError) as exc:
            raise ProviderError(type(exc).__name__) from exc


def _parse_disconnection(error: retell.APIConnectionError) -> CreateCallResult:
    """Rejected if no connection was made, else Unknown: the request may have been sent."""
    import httpx

    if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Rejected(f"cannot be reached: {type(error.__cause__).__name__}")
    return Unknown(f"the connection broke: {type(error.__cause__).__name__}")


def _message_of(error: retell.APIStatusError) -> str:
    if isinstance(error.body, dict):
        message = cast("dict[str, Any]", error.body).get("message")
        if isinstance(message, str):
            return message
    return error.response.text


def _document(response: Any) -> Mapping[str, Any]:
    """Convert the SDK's model to JSON; it returns text if the response was not JSON."""
    if not hasattr(response, "to_dict"):
        return {}
    return cast("dict[str, Any]", response.to_dict(mode="json"))
