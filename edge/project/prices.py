"""Prices of models: the table [recording.prices] of edge.toml, in US dollars per million tokens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

_NAMES: Final = ("input", "output", "cached", "cache_write")
_MOST: Final = 1_000_000
_EXAMPLE: Final = '"gpt-5*" = { input = 1.25, output = 10.0, cached = 0.125 }'


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost: of input, of output, and of input that is read from a cache.

    `cache_write` is what input costs that is written to a cache, as Anthropic asks for it.
    """

    input: float
    output: float
    cached: float
    cache_write: float

    def compute(self, given: int, made: int, *, cached: int = 0, written: int = 0) -> float:
        """Return the cost in dollars; `given` includes the `cached` and the `written`."""
        plain = max(given - cached - written, 0)
        total = plain * self.input + made * self.output
        total += cached * self.cached + written * self.cache_write
        return round(total / 1_000_000, 12)


def parse_prices(value: Any) -> tuple[dict[str, Price], list[str]]:
    """Read the table; returns prices by model, and a sentence for each entry that is wrong."""
    if not isinstance(value, Mapping):
        return {}, [f"recording.prices must be a table: [recording.prices] with {_EXAMPLE}"]
    found: dict[str, Price] = {}
    faults: list[str] = []
    for model, entry in cast("Mapping[str, Any]", value).items():
        try:
            found[model] = _parse_price(model, entry)
        except ValueError as exc:
            faults.append(f'recording.prices."{model}"{exc}')
    return found, faults


def find_price(prices: Mapping[str, Price], models: Iterable[str]) -> Price | None:
    """Return the price whose name is the longest that fits one of the models.

    A name that ends in `*` fits all models that begin like it; a whole name comes before it.
    """
    fitting = [name for name in prices if any(_fits(name, model) for model in models)]
    best = max(fitting, key=lambda name: (len(name.rstrip("*")), name[-1:] != "*"), default=None)
    return None if best is None else prices[best]


def _fits(name: str, model: str) -> bool:
    return model.startswith(name[:-1]) if name.endswith("*") else model == name


def _parse_price(model: str, value: Any) -> Price:
    if not model.strip() or "*" in model[:-1]:
        raise ValueError(": a name is that of a model; only its last character may be *")
    if not isinstance(value, Mapping):
        raise ValueError(f" must be a table: {_EXAMPLE}")  # noqa: TRY004
    table = cast("Mapping[str, Any]", value)
    for name, entry in table.items():
        if name not in _NAMES:
            if isinstance(entry, Mapping):
                raise ValueError(f': a name with a dot needs quotes: "{model}.{name}"')
            raise ValueError(f" has no setting {name}; there are {', '.join(_NAMES)}")
        if type(entry) not in (int, float) or not 0 <= entry <= _MOST:
            raise ValueError(f".{name} must be dollars per million tokens, from 0 to {_MOST}")
    for name in ("input", "output"):
        if name not in table:
            raise ValueError(f" needs {name}, in dollars per million tokens")
    given = float(table["input"])
    cached, written = (float(table.get(name, given)) for name in ("cached", "cache_write"))
    return Price(given, float(table["output"]), cached, written)
