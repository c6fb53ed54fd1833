import pytest

from shared.monitoring.counts import Counts, Record, percentile, summarize


def test_requests_are_counted() -> None:
    counts = Counts()
    counts.add(Record(3.0, cache_hit=True, fallback_level=0))
    counts.add(Record(5.0, cache_hit=False, fallback_level=2))
    counts.add(Record(60_000.0, error_code="PROVIDER_TIMEOUT"))

    assert (counts.requests, counts.errors, counts.cache_hits, counts.cache_misses) == (3, 1, 1, 1)
    assert counts.fallbacks == 1
    assert counts.durations == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert counts.error_codes == {"PROVIDER_TIMEOUT": 1}
    assert counts.fallback_levels == {"0": 1, "2": 1}


@pytest.mark.parametrize(
    ("durations", "share", "expected"),
    [
        ([0] * 12, 0.5, None),
        ([10, *[0] * 11], 0.5, 4.0),
        ([5, 5, *[0] * 10], 0.95, 4.0),
        ([99, *[0] * 10, 1], 0.5, 4.0),
    ],
)
def test_percentiles_are_bounded_by_the_longest(
    durations: list[int], share: float, expected: float | None
) -> None:
    assert percentile(durations, share, 4.0) == expected


def test_percentiles_are_upper_bounds() -> None:
    assert percentile([5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], 0.5, 20_000) == 5
    assert percentile([5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], 0.8, 20_000) == 10
    assert percentile([5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], 0.99, 20_000) == 20_000


def test_rates_are_computed() -> None:
    totals = {
        "requests": 4, "errors": 1, "cache_hits": 3, "cache_misses": 1, "fallbacks": 2,
        "duration_ms_total": 10.0, "duration_ms_max": 7.0, "durations": [3, 1, *[0] * 10],
        "error_codes": {"A": 1}, "fallback_levels": {"2": 2},
    }  # fmt: skip

    summary = summarize(totals)

    assert summary["cacheHitRate"] == 0.75
    assert summary["errorRate"] == 0.25
    assert summary["averageMs"] == 2.5
    assert (summary["p50Ms"], summary["p95Ms"], summary["maxMs"]) == (5, 7, 7)


def test_a_log_line_has_what_applies() -> None:
    assert Record(1.0, cache_hit=False).render() == {"cache_hit": False}
