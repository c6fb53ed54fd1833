"""A call in a process of its own that takes too much memory ends, in Linux's way and elsewhere."""

import operator
from collections.abc import Iterator

import pytest

from edge.emulator import memory_bound
from edge.emulator.bounded_process import BoundedProcess, ProcessEndedError
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process
MB = 1 << 20


@pytest.fixture(params=["linux", "elsewhere"])
def bounded(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BoundedProcess]:
    if request.param == "elsewhere":
        monkeypatch.setattr(memory_bound, "IS_LINUX", False)
        monkeypatch.setenv("EDGE_PORTABLE", "1")  # for the process
    elif not memory_bound.IS_LINUX:
        pytest.skip("the other way is forced")
    process = BoundedProcess(PATIENCE, 250 * MB)
    yield process
    process.close()


async def test_a_call_that_takes_too_much_ends_and_the_next_one_works(
    bounded: BoundedProcess,
) -> None:
    with pytest.raises(ProcessEndedError):
        await bounded.call(operator.mul, b"x", 900 * MB)

    assert await bounded.call(operator.mul, b"x", 3) == b"xxx"
