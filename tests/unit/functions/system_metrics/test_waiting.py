import pytest

from functions.system_metrics.waiting import describe_wait


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ({}, "immediate"),
        ({"depth": 0, "eta_seconds": 30}, "immediate"),
        ({"depth": 3, "eta_seconds": None, "paused_at": "2026-11-28T00:00:00Z"}, "paused"),
        ({"depth": 3, "eta_seconds": None}, "< 1 min"),
        ({"depth": 4}, "1-3 mins"),
        ({"depth": 20}, "3-10 mins"),
        ({"depth": 21}, "> 10 mins"),
        ({"depth": 50, "eta_seconds": 12}, "< 1 min"),
        ({"depth": 1, "eta_seconds": 601}, "> 10 mins"),
    ],
)
def test_the_wait_is_described(queue: dict[str, float], words: str) -> None:
    assert describe_wait(queue) == words
