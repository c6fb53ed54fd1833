"""The states of a worker's life, without a process."""

import pytest

from edge.runtime.pool.state import LifecycleError, State, Step, advance

ALLOWED = {
    (State.COLD, Step.START): State.BOOTING,
    (State.COLD, Step.EXIT): State.DEAD,
    (State.BOOTING, Step.LISTEN): State.READY,
    (State.BOOTING, Step.EXIT): State.DEAD,
    (State.READY, Step.RETIRE): State.RETIRED,
    (State.READY, Step.EXIT): State.DEAD,
    (State.RETIRED, Step.RETIRE): State.RETIRED,
    (State.RETIRED, Step.EXIT): State.DEAD,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_a_worker_takes_only_the_steps_of_its_state(state: State, step: Step) -> None:
    expected = ALLOWED.get((state, step))
    if expected is None:
        with pytest.raises(LifecycleError):
            advance(state, step)
    else:
        assert advance(state, step) is expected


def test_nothing_follows_death() -> None:
    assert all(state is not State.DEAD for state, _ in ALLOWED)
