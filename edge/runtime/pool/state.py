"""A worker's life as a table: which state follows which, on what."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """COLD: not started. READY: takes requests. RETIRED: finishes those it has. DEAD: gone."""

    COLD = "cold"
    BOOTING = "booting"
    READY = "ready"
    RETIRED = "retired"
    DEAD = "dead"


class Step(StrEnum):
    """What happens to a worker."""

    START = "start"
    LISTEN = "listen"
    RETIRE = "retire"
    EXIT = "exit"


_TABLE: Final = {
    (State.COLD, Step.START): State.BOOTING,
    (State.COLD, Step.EXIT): State.DEAD,
    (State.BOOTING, Step.LISTEN): State.READY,
    (State.BOOTING, Step.EXIT): State.DEAD,
    (State.READY, Step.RETIRE): State.RETIRED,
    (State.READY, Step.EXIT): State.DEAD,
    (State.RETIRED, Step.RETIRE): State.RETIRED,
    (State.RETIRED, Step.EXIT): State.DEAD,
}


class LifecycleError(Exception):
    """A step that the state does not allow: a mistake of ours."""


def advance(state: State, step: Step) -> State:
    """Return the state after `step`."""
    try:
        return _TABLE[state, step]
    except KeyError:
        raise LifecycleError(f"A {state} worker cannot {step}.") from None
