"""How many requests a second are recorded."""

import time

import pytest

from edge.recording import budget
from edge.recording.budget import Allowance

_COST = 0.001


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The CPU time of the process, that nobody took, and the time."""
    now = {"cpu": 0.0, "idle": 1.0, "time": 0.0}
    monkeypatch.setattr(budget, "idle_seconds", lambda: now["idle"])
    monkeypatch.setattr(time, "process_time", lambda: now["cpu"])
    monkeypatch.setattr(time, "monotonic", lambda: now["time"])
    return now


@pytest.mark.parametrize(
    ("load", "free", "least", "most"),
    [(0.1, 1.9, 45, 55), (0.9, 1.1, 3.4, 3.8), (0.45, 0.0, 1.7, 1.9), (0.01, 0.1, 1.5, 1.7)],
)
def test_an_idle_process_records_many_and_one_that_has_to_share_its_cores_a_sample(
    clocks: dict[str, float], load: float, free: float, least: float, most: float
) -> None:
    allowance = Allowance()
    rate = 0.0

    for _ in range(20):
        clocks["time"] += 0.2
        clocks["cpu"] += 0.2 * load
        clocks["idle"] += 0.2 * free
        rate = allowance.update(10 * _COST, 10, refused=100)

    assert least <= rate <= most


def test_a_few_requests_are_all_recorded_on_a_busy_machine(clocks: dict[str, float]) -> None:
    allowance = Allowance()
    for _ in range(20):
        clocks["time"] += 0.2
        clocks["cpu"] += 0.2
        rate = allowance.update(5 * _COST, 5)

    assert rate == 30.0
    clocks["time"] += 0.2
    assert allowance.update(5 * _COST, 5, refused=2) < 10


def test_at_least_one_request_a_second_is_recorded(clocks: dict[str, float]) -> None:
    assert Allowance().update(100.0, 1, refused=1000) == 1.0
