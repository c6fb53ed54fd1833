"""One deadline for a request and for the calls that it makes."""

import asyncio
import math

import pytest

from shared.errors import DeadlineError, UpstreamError
from shared.http.deadline import deadline, seconds_left
from shared.llm import anthropic, openai
from shared.llm.env import ProviderEnv
from shared.runtime.background import Background

PATIENT = ProviderEnv(api_key="k", base_url=None, timeout=110)


async def test_outside_a_request_there_is_all_the_time() -> None:
    assert seconds_left() == math.inf
    async with deadline(5):
        assert 4 < seconds_left() <= 5
    assert seconds_left() == math.inf


async def test_what_does_not_end_is_ended() -> None:
    with pytest.raises(DeadlineError, match=r"within 0\.05 s"):
        async with deadline(0.05):
            await asyncio.sleep(10)


async def test_a_timeout_of_somebody_else_is_left_alone() -> None:
    with pytest.raises(TimeoutError):
        async with deadline(5):
            raise TimeoutError


@pytest.mark.parametrize("ask", [openai.SDK.call, anthropic.SDK.call])
async def test_a_provider_gets_what_is_left_and_is_named(ask: object) -> None:
    """Two calls that each keep to the provider's own limit do not outlive the request."""

    async def answer_after(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "answer"

    assert callable(ask)
    async with deadline(1):
        assert await ask(answer_after(0.7), PATIENT, str) == "answer"
        with pytest.raises(UpstreamError) as caught:
            await ask(answer_after(0.7), PATIENT, str)

    assert caught.value.code == "PROVIDER_TIMEOUT"


async def test_work_after_the_answer_has_its_own_time() -> None:
    left: list[float] = []

    async def work() -> None:
        left.append(seconds_left())

    async with deadline(1):
        Background(None).wait_until(work())
        await asyncio.sleep(0.01)

    assert left == [math.inf]
