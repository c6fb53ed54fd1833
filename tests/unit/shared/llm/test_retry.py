"""Which failures of a model are worth another try."""

import pytest

from shared.errors import UpstreamError
from shared.llm.errors import Fault, Source, upstream_error
from shared.llm.retry import retry_passing_failures


class Model:
    """Fails as it is told, then answers."""

    def __init__(self, *faults: Fault, retry_after: str | None = None) -> None:
        self.faults = list(faults)
        self.retry_after = retry_after
        self.asked = 0

    async def answer(self) -> str:
        self.asked += 1
        if self.faults:
            raise upstream_error(self.faults.pop(0), Source("OpenAI", None, self.retry_after))
        return "answer"


@pytest.mark.parametrize(
    "fault",
    [Fault.RATE_LIMITED, Fault.OVERLOADED, Fault.TIMEOUT, Fault.FAILED, Fault.UNREACHABLE],
)
async def test_what_passes_is_tried_again(fault: Fault) -> None:
    model = Model(fault, fault)

    assert await retry_passing_failures(model.answer, pause=0) == "answer"
    assert model.asked == 3


@pytest.mark.parametrize("fault", [Fault.AUTH, Fault.QUOTA_EXHAUSTED, Fault.REFUSED])
async def test_what_stays_is_not(fault: Fault) -> None:
    model = Model(fault)

    with pytest.raises(UpstreamError):
        await retry_passing_failures(model.answer, pause=0)
    assert model.asked == 1


async def test_it_ends_after_the_last_try() -> None:
    model = Model(*[Fault.RATE_LIMITED] * 5, retry_after="0.001")

    with pytest.raises(UpstreamError):
        await retry_passing_failures(model.answer, tries=3, pause=0)
    assert model.asked == 3
