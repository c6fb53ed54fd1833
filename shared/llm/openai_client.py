"""OpenAI's client, one a worker, and its failures in our words."""

import asyncio
from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, Final, TypeVar

import openai

from shared.env import ProviderEnv
from shared.errors import ConfigurationError, UpstreamError
from shared.http.deadline import seconds_left
from shared.http.tls import verify_for
from shared.llm.errors import Fault, Source, fault_of_status, upstream_error

PROVIDER: Final = "OpenAI"
_CONNECT_SECONDS: Final = 5.0

Reply = TypeVar("Reply")


@lru_cache(maxsize=4)
def openai_client(env: ProviderEnv) -> openai.AsyncOpenAI:
    """The SDK with its ten-minute timeout and its retries switched off: our caller decides."""
    if not env.api_key:
        raise ConfigurationError("OPENAI_API_KEY is not set")
    return openai.AsyncOpenAI(
        api_key=env.api_key,
        base_url=env.base_url,
        timeout=openai.Timeout(env.timeout, connect=_CONNECT_SECONDS),
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(verify=verify_for(env.base_url)),
    )


async def ask_openai(call: Awaitable[Reply], env: ProviderEnv, reply: type[Reply]) -> Reply:
    """Await an answer; every failure is an UpstreamError.

    It has `env.timeout` seconds in all, or what is left of the request's own if that is less.
    """
    try:
        async with asyncio.timeout(min(env.timeout, seconds_left())):
            answer = await call
    except (TimeoutError, openai.APITimeoutError) as exc:
        raise upstream_error(Fault.TIMEOUT, Source(PROVIDER)) from exc
    except openai.APIStatusError as exc:
        raise _status_error(exc) from exc
    except openai.APIConnectionError as exc:
        raise upstream_error(Fault.UNREACHABLE, Source(PROVIDER)) from exc
    except (openai.APIError, ValueError) as exc:  # ValueError: the body was no JSON
        raise upstream_error(Fault.MALFORMED, Source(PROVIDER)) from exc
    if not isinstance(answer, reply):  # the SDK hands back text if that is what came
        raise upstream_error(Fault.MALFORMED, Source(PROVIDER))
    return answer


def source_of(answer: Any) -> Source:
    """Which request this answers, as the SDK notes it."""
    return Source(PROVIDER, getattr(answer, "_request_id", None))


def _status_error(error: openai.APIStatusError) -> UpstreamError:
    retry_after = error.response.headers.get("retry-after")
    source = Source(PROVIDER, error.request_id, retry_after)
    return upstream_error(
        fault_of_status(error.status_code, error.code), source, provider_status=error.status_code
    )
