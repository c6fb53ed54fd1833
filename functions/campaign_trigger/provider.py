"""Retell, by its own SDK: each request once, within a time, its failures as replies."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import retell
from retell.types.concurrency_retrieve_response import ConcurrencyRetrieveResponse

from shared.env import ProviderEnv
from shared.errors import ConfigurationError
from shared.tls import trust_for

from .order import DialOrder
from .reply import Refused, Reply, Unknown, read_call, read_refusal

_CONNECT_SECONDS: Final = 5.0


class ProviderError(Exception):
    """A question to the provider got no answer; nothing follows from that."""


class NoSuchCallError(ProviderError):
    """The provider has no call of this id."""


@lru_cache(maxsize=2)
def _client(env: ProviderEnv) -> retell.AsyncRetell:
    """The SDK with its retries switched off: a second request is ours to decide on."""
    if not env.api_key:
        raise ConfigurationError("RETELL_API_KEY is not set")
    return retell.AsyncRetell(
        api_key=env.api_key,
        base_url=env.base_url,
        timeout=retell.Timeout(env.timeout, connect=_CONNECT_SECONDS),
        max_retries=0,
        http_client=retell.DefaultAsyncHttpxClient(verify=trust_for(env.base_url)),
    )


@dataclass(frozen=True, slots=True)
class Provider:
    """One Retell account."""

    client: retell.AsyncRetell
    timeout: float

    @classmethod
    def of(cls, env: ProviderEnv) -> "Provider":
        """ConfigurationError without a key: before anybody is claimed."""
        return cls(_client(env), env.timeout)

    async def create_call(self, order: DialOrder) -> Reply:
        """Ask for the call; asked for twice within the hour, there is still one."""
        try:
            async with asyncio.timeout(self.timeout):
                call = await self.client.call.create_phone_call(**order.call_arguments())
        except (TimeoutError, retell.APITimeoutError):
            return Unknown("no answer in time")
        except retell.APIStatusError as exc:
            return read_refusal(
                exc.status_code, _message_of(exc), exc.response.headers.get("retry-after")
            )
        except retell.APIConnectionError as exc:
            return _read_disconnection(exc)
        except (retell.APIError, ValueError) as exc:  # ValueError: the body was no JSON
            return Unknown(f"the answer cannot be read: {type(exc).__name__}")
        return read_call(_document(call))

    async def fetch_call(self, call_id: str) -> Mapping[str, Any]:
        """The call as get-call shows it."""
        return _document(await self._ask(self.client.call.retrieve(call_id)))

    async def find_call(self, order: DialOrder) -> Mapping[str, Any] | None:
        """The call of this attempt, if there is one."""
        filters: Any = {
            "to_number": {"type": "string", "op": "eq", "value": order.phone},
            "metadata": [
                {"type": "string", "op": "eq", "key": "attempt_id", "value": order.attempt_id}
            ],
        }
        page = await self._ask(self.client.call.list(filter_criteria=filters, limit=2))
        return _document(page.items[0]) if page.items else None

    async def fetch_concurrency(self) -> ConcurrencyRetrieveResponse:
        """How many calls there are at once, and may be."""
        return await self._ask(self.client.concurrency.retrieve())

    async def _ask(self, question: Any) -> Any:
        try:
            async with asyncio.timeout(self.timeout):
                return await question
        except retell.APIStatusError as exc:
            if exc.status_code in {404, 422}:  # Retell says 422 where others say 404
                raise NoSuchCallError(_message_of(exc)) from exc
            raise ProviderError(f"HTTP {exc.status_code}") from exc
        except (TimeoutError, retell.APIError, ValueError) as exc:
            raise ProviderError(type(exc).__name__) from exc


def _read_disconnection(error: retell.APIConnectionError) -> Reply:
    """Without a connection nothing has left; one that broke may have carried the request."""
    import httpx

    if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Refused(f"cannot be reached: {type(error.__cause__).__name__}")
    return Unknown(f"the connection broke: {type(error.__cause__).__name__}")


def _message_of(error: retell.APIStatusError) -> str:
    if isinstance(error.body, dict):
        message = cast("dict[str, Any]", error.body).get("message")
        if isinstance(message, str):
            return message
    return error.response.text


def _document(answer: Any) -> Mapping[str, Any]:
    """The answer as JSON has it; the SDK hands back text if that is what came."""
    if not hasattr(answer, "to_dict"):
        return {}
    return cast("dict[str, Any]", answer.to_dict(mode="json"))
