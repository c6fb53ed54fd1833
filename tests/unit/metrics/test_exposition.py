"""The text format: what is written is what a Prometheus server reads."""

from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.metrics.exposition import (
    OTHER,
    Counter,
    Description,
    Family,
    Gauge,
    Histogram,
    render,
)

LABELS = Description("things_total", "Things.", ("kind",))
NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
pure = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


class Page(Protocol):
    def value(self, name: str, **labels: str) -> float | None: ...


class Parser(Protocol):
    def parse(self, content: bytes) -> Page: ...


def test_a_page_as_the_format_describes_it() -> None:
    counter = Counter(LABELS)
    counter.add("a")
    gauge = Gauge(Description("now", "Back\\slash\nand line."), {(): 2.5})
    histogram = Histogram(Description("took", "Took.", ("f",)), (0.1, 1))
    histogram.observe(0.1, "x")
    histogram.observe(7, "x")
    families: list[Family] = [counter, gauge, histogram]

    assert render(families).decode().splitlines() == [
        "# HELP things_total Things.",
        "# TYPE things_total counter",
        'things_total{kind="a"} 1',
        r"# HELP now Back\\slash\nand line.",
        "# TYPE now gauge",
        "now 2.5",
        "# HELP took Took.",
        "# TYPE took histogram",
        'took_bucket{f="x",le="0.1"} 1',
        'took_bucket{f="x",le="1"} 1',
        'took_bucket{f="x",le="+Inf"} 2',
        'took_sum{f="x"} 7.1',
        'took_count{f="x"} 2',
    ]


@pure
@given(st.dictionaries(NAMES, st.integers(1, 10**9), max_size=10))
def test_label_values_of_any_text_come_back(parser: Parser, counts: dict[str, int]) -> None:
    counter = Counter(LABELS)
    for name, count in counts.items():
        counter.add(name, amount=count)

    page = parser.parse(render([counter]))

    assert {name: page.value("things_total", kind=name) for name in counts} == counts


@pure
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=50))
def test_buckets_are_cumulative_and_hold_everything(parser: Parser, values: list[float]) -> None:
    bounds = (0.5, 10.0, 1000.0)
    histogram = Histogram(Description("took", "Took."), bounds)
    for value in values:
        histogram.observe(value)

    page = parser.parse(render([histogram]))

    for bound, le in zip(bounds, ("0.5", "10", "1000"), strict=True):
        assert page.value("took_bucket", le=le) == sum(value <= bound for value in values)
    assert page.value("took_bucket", le="+Inf") == page.value("took_count") == len(values)
    assert page.value("took_sum") == pytest.approx(sum(values))


def test_a_lone_surrogate_does_not_break_the_page(parser: Parser) -> None:
    counter = Counter(LABELS)
    counter.add("\ud800")

    assert parser.parse(render([counter])).value("things_total", kind="?") == 1


def test_beyond_its_limit_a_family_counts_under_one_name(parser: Parser) -> None:
    counter = Counter(Description("n_total", "N.", ("a", "b"), limit=2))
    for number in range(5):
        counter.add(str(number), "x")
    counter.add("0", "x")

    page = parser.parse(render([counter]))

    assert page.value("n_total", a="0", b="x") == 2
    assert page.value("n_total", a=OTHER, b=OTHER) == 3


def test_numbers_may_be_counted_while_a_page_is_rendered() -> None:
    counter, histogram = Counter(LABELS), Histogram(LABELS, (1.0,))
    counter.add("a")
    histogram.observe(1, "a")
    lines = [counter.lines(), histogram.lines()]
    begun = [[next(each) for _ in range(3)] for each in lines]

    counter.add("b")
    histogram.observe(1, "b")

    assert [len(start) + len(list(rest)) for start, rest in zip(begun, lines, strict=True)] == [
        3,
        6,
    ]
