"""Prices of models: an entry that is wrong is named with a cure, and the longest name wins."""

import tomllib

import pytest

from edge.project.prices import Price, find_price
from edge.project.recording import RecordingSettings, parse_recording


def parse(text: str) -> tuple[RecordingSettings, list[str]]:
    return parse_recording({"prices": tomllib.loads(text)})


def test_input_from_a_cache_costs_like_other_input_unless_a_price_is_set() -> None:
    found, faults = parse(
        '"a" = { input = 1.25, output = 10, cached = 0.125 }\n"b*" = { input = 2, output = 0 }'
    )

    assert faults == []
    assert found.prices == {"a": Price(1.25, 10.0, 0.125, 1.25), "b*": Price(2.0, 0.0, 2.0, 2.0)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = 3", '"a" must be a table'),
        ("a = { input = 1 }", '"a" needs output'),
        ("a = { output = 1 }", '"a" needs input'),
        ("a = { input = 1, output = -1 }", '"a".output must be dollars'),
        ("a = { input = true, output = 1 }", '"a".input must be dollars'),
        ("a = { input = nan, output = 1 }", '"a".input must be dollars'),
        ("a = { input = 1, output = inf }", '"a".output must be dollars'),
        ('a = { input = "1", output = 1 }', '"a".input must be dollars'),
        ("a = { input = 1, output = 1, cash = 1 }", '"a" has no setting cash; there are input'),
        ('"a*b" = { input = 1, output = 1 }', "only its last character may be *"),
        ('"" = { input = 1, output = 1 }', "a name is that of a model"),
        ("gpt-5.6-luna = { input = 1, output = 1 }", 'needs quotes: "gpt-5.6-luna"'),
    ],
)
def test_an_entry_that_is_wrong_is_named_and_the_others_work(text: str, fault: str) -> None:
    found, (named,) = parse(f"{text}\nfine = {{ input = 1, output = 2 }}")

    assert fault in named
    assert named.startswith("recording.prices.")
    assert list(found.prices) == ["fine"]


def test_prices_are_a_table() -> None:
    found, (fault,) = parse_recording({"prices": 3, "days": 5})

    assert "must be a table: [recording.prices]" in fault
    assert found == RecordingSettings(days=5)


@pytest.mark.parametrize(
    ("models", "name"),
    [
        (["gpt-5"], "gpt-5"),
        (["gpt-5-mini"], "gpt-5*"),
        (["gpt-5-nano-2026"], "gpt-5-nano*"),
        (["gpt-4"], "*"),
        (["gpt-5", "gpt-5-nano-2026"], "gpt-5-nano*"),
        (["local", "gpt-5"], "gpt-5"),
        ([], None),
    ],
)
def test_the_longest_name_that_fits_is_taken(models: list[str], name: str | None) -> None:
    names = ("*", "gpt-5*", "gpt-5", "gpt-5-nano*", "gpt-6")
    prices = {name: Price(number, number, number, number) for number, name in enumerate(names)}

    assert find_price(prices, models) == (prices[name] if name else None)


def test_cost_is_by_kind_of_token() -> None:
    price = Price(1.0, 10.0, 0.1, 2.0)

    assert price.compute(1_000_000, 500_000) == 6.0
    assert price.compute(1000, 0, cached=600, written=100) == pytest.approx(0.00056)
    assert price.compute(5, 0, cached=9) == pytest.approx(9e-7)
