"""Anthropic's client, one a worker, and its failures in our words."""

import asyncio
from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, Final, TypeVar

import anthropic

from shared.env import ProviderEnv
from shared.errors import ConfigurationError, UpstreamError
from shared.http.deadline import seconds_left
from shared.http.tls import verify_for
from shared.llm.errors import Fault, Source, fault_of_status, upstream_error

PROVIDER: Final = "Anthropic"
_CONNECT_SECONDS: Final = 5.0

Reply = TypeVar("Reply")


@lru_cache(maxsize=4)
def anthropic_client(env: ProviderEnv) -> anthropic.AsyncAnthropic:
    """The SDK without retries: it would obey a Retry-After of any length inside our request."""
    if not env.api_key:
        raise ConfigurationError("ANTHROPIC_API_KEY is not set")
    return anthropic.AsyncAnthropic(
        api_key=env.api_key,
        base_url=env.base_url,
        timeout=anthropic.Timeout(env.timeout, connect=_CONNECT_SECONDS),
        max_retries=0,
        http_client=anthropic.DefaultAsyncHttpxClient(verify=verify_for(env.base_url)),
    )


async def ask_anthropic(call: Awaitable[Reply], env: ProviderEnv, reply: type[Reply]) -> Reply:
    """Await an answer; every failure is an UpstreamError.

    It has `env.timeout` seconds in all, or what is left of the request's own if that is less.
    """
    try:
        async with asyncio.timeout(min(env.timeout, seconds_left())):
            answer = await call
    except (TimeoutError, anthropic.APITimeoutError) as exc:
        raise upstream_error(Fault.TIMEOUT, Source(PROVIDER)) from exc
    except anthropic.APIStatusError as exc:
        raise _status_error(exc) from exc
    except anthropic.APIConnectionError as exc:
        raise upstream_error(Fault.UNREACHABLE, Source(PROVIDER)) from exc
    except (anthropic.APIError, ValueError) as exc:  # ValueError: the body was no JSON
        raise upstream_error(Fault.MALFORMED, Source(PROVIDER)) from exc
    if not isinstance(answer, reply):  # the SDK hands back text if that is what came
        raise upstream_error(Fault.MALFORMED, Source(PROVIDER))
    return answer


def source_of(answer: Any) -> Source:
    """Which request this answers, as the SDK notes it."""
    return Source(PROVIDER, getattr(answer, "_request_id", None))


def _status_error(error: anthropic.APIStatusError) -> UpstreamError:
    retry_after = error.response.headers.get("retry-after")
    source = Source(PROVIDER, error.request_id, retry_after)
    code = error.error_code or error.type
    return upstream_error(
        fault_of_status(error.status_code, code), source, provider_status=error.status_code
    )
