"""Workers by state, derived from events."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from edge.events import Boot, Event, Shutdown, WorkerRetired, ZygoteLost


class WorkerState(StrEnum):
    """READY takes requests, RETIRED finishes those that it has."""

    READY = "ready"
    RETIRED = "retired"


@dataclass(slots=True)
class Census:
    """Counts living workers by function and state; functions that had some are kept at zero."""

    _states: dict[str, tuple[str, WorkerState]] = field(
        default_factory=dict[str, tuple[str, WorkerState]], init=False
    )
    _slugs: dict[str, None] = field(default_factory=dict[str, None], init=False)

    def observe(self, event: Event) -> None:
        """Follow a worker's life."""
        match event:
            case Boot(slug, execution_id):
                self._slugs[slug] = None
                self._states[execution_id] = (slug, WorkerState.READY)
            case WorkerRetired(slug, execution_id) if execution_id in self._states:
                self._states[execution_id] = (slug, WorkerState.RETIRED)
            case Shutdown(_, execution_id):
                self._states.pop(execution_id, None)
            case ZygoteLost():
                self._states.clear()  # its workers die with it
            case _:
                pass

    def count(self, state: WorkerState) -> int:
        """Workers of all functions in this state."""
        return sum(found is state for _, found in self._states.values())

    def by_function(self) -> dict[tuple[str, str], int]:
        """Count workers by function and state."""
        alive, slugs = Counter(list(self._states.values())), list(self._slugs)  # for any thread
        return {(slug, state): alive[slug, state] for slug in slugs for state in WorkerState}
