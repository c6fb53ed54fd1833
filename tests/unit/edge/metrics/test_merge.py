"""Sums of what several processes expose."""

from edge.events import Boot, RequestServed
from edge.metrics.merge import merge, without_gauges
from edge.metrics.observer import Metrics


def served(metrics: Metrics, slug: str, status: int, times: int) -> None:
    for _ in range(times):
        metrics(RequestServed(slug, "e", "r", "GET", "/", status, 20.0))


def test_numbers_of_two_processes_are_those_of_one_that_saw_all() -> None:
    one, other, both = Metrics(), Metrics(), Metrics()
    for metrics in (one, both):
        served(metrics, "hello", 200, 3)
        metrics(Boot("hello", "a", 1, 30.0))
    for metrics in (other, both):
        served(metrics, "hello", 200, 2)
        served(metrics, 'we"ird name', 500, 1)
        metrics(Boot("hello", "b", 2, 60.0))

    merged = merge((one.render(), other.render()))

    assert sorted(merged.splitlines()) == sorted(both.render().splitlines())
    assert [line for line in merged.splitlines() if line.startswith(b"# ")] == [
        line for line in both.render().splitlines() if line.startswith(b"# ")
    ]


def test_of_a_process_that_is_gone_only_counters_stay() -> None:
    metrics = Metrics()
    served(metrics, "hello", 200, 3)
    metrics(Boot("hello", "a", 1, 30.0))

    kept = without_gauges(metrics.render())

    assert b'edge_invocations_total{function="hello",status="200"} 3' in kept
    assert b"edge_workers" not in kept
