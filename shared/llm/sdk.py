"""Call a provider's SDK with a deadline; one table of its exceptions for all providers."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from shared.errors import UpstreamError
from shared.http.deadline import seconds_left
from shared.llm.env import ProviderEnv
from shared.llm.errors import Fault, Source, fault_of_status, upstream_error

CONNECT_SECONDS: Final = 5.0

Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True)
class Sdk:
    """A provider's name, and the classes that its SDK raises."""

    provider: str
    timeout: type[Exception]
    status: type[Exception]
    connection: type[Exception]
    other: type[Exception]

    async def call(self, call: Awaitable[Reply], env: ProviderEnv, reply: type[Reply]) -> Reply:
        """Await a response of type `reply`; every failure is an UpstreamError.

        The call has `env.timeout` seconds, or what is left of the request's own time if less.
        """
        try:
            async with asyncio.timeout(min(env.timeout, seconds_left())):
                response = await call
        except Exception as exc:
            failure = self._explain(exc)
            if failure is None:
                raise
            raise failure from exc
        if not isinstance(response, reply):  # the SDK returns text for a body that is not JSON
            raise upstream_error(Fault.MALFORMED, Source(self.provider))
        return response

    def source_of(self, response: Any) -> Source:
        """Return the provider and the request id that the SDK noted on its response."""
        return Source(self.provider, getattr(response, "_request_id", None))

    def _explain(self, error: Exception) -> UpstreamError | None:
        source = Source(self.provider)
        if isinstance(error, (TimeoutError, self.timeout)):
            return upstream_error(Fault.TIMEOUT, source)
        if isinstance(error, self.status):
            return self._explain_status(error)
        if isinstance(error, self.connection):
            return upstream_error(Fault.UNREACHABLE, source)
        if isinstance(error, (self.other, ValueError)):  # ValueError: the body is not JSON
            return upstream_error(Fault.MALFORMED, source)
        return None

    def _explain_status(self, error: Any) -> UpstreamError:
        """Map an HTTP error by its status and the code in its body.

        OpenAI's SDK has it as `code`, Anthropic's as `error_code`; either may have only a `type`.
        """
        retry_after = error.response.headers.get("retry-after")
        source = Source(self.provider, error.request_id, retry_after)
        code = getattr(error, "code", None) or getattr(error, "error_code", None) or error.type
        fault = fault_of_status(error.status_code, code)
        return upstream_error(fault, source, provider_status=error.status_code)
