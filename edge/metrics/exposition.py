"""Families of numbers, and Prometheus' text format for them, version 0.0.4.

Lines may be made in another thread than numbers are counted in.

The format: prometheus.io/docs/instrumenting/exposition_formats.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "(other)"
"""The value of each label beyond a family's limit."""

Labels = tuple[str, ...]


class Family(Protocol):
    """What can be exposed."""

    def lines(self) -> Iterator[str]:
        """Yield the family's lines, comments first."""
        ...


@dataclass(frozen=True, slots=True)
class Description:
    """A family's name, meaning and label names; at most `limit` label combinations are kept."""

    name: str
    meaning: str
    labels: Labels = ()
    limit: int = 2000

    def header(self, kind: str) -> Iterator[str]:
        meaning = self.meaning.replace("\\", r"\\").replace("\n", r"\n")
        yield f"# HELP {self.name} {meaning}"
        yield f"# TYPE {self.name} {kind}"

    def sample(self, values: Labels, number: float, *, suffix: str = "", le: str = "") -> str:
        pairs = [f'{name}="{_escape(v)}"' for name, v in zip(self.labels, values, strict=True)]
        if le:
            pairs.append(f'le="{le}"')
        labels = f"{{{','.join(pairs)}}}" if pairs else ""
        return f"{self.name}{suffix}{labels} {render_number(number)}"

    def bounded(self, values: Labels, known: Mapping[Labels, object]) -> Labels:
        """Return the labels to count under."""
        if values in known or len(known) < self.limit:
            return values
        return (OTHER,) * len(self.labels)


@dataclass(slots=True)
class Counter:
    """Numbers that only grow."""

    description: Description
    values: dict[Labels, float] = field(default_factory=dict[Labels, float])

    def add(self, *labels: str, amount: float = 1) -> None:
        key = self.description.bounded(labels, self.values)
        self.values[key] = self.values.get(key, 0) + amount

    def lines(self) -> Iterator[str]:
        yield from self.description.header("counter")
        for labels, number in self.values.copy().items():
            yield self.description.sample(labels, number)


@dataclass(slots=True)
class Gauge:
    """Numbers as they are just now."""

    description: Description
    values: Mapping[Labels, float]

    def lines(self) -> Iterator[str]:
        yield from self.description.header("gauge")
        for labels, number in self.values.items():
            yield self.description.sample(labels, number)


@dataclass(slots=True)
class _Distribution:
    counts: list[int]
    total: float = 0


@dataclass(slots=True)
class Histogram:
    """How values are distributed; `bounds` are upper ones, ascending, without infinity."""

    description: Description
    bounds: tuple[float, ...]
    values: dict[Labels, _Distribution] = field(default_factory=dict[Labels, _Distribution])

    def observe(self, value: float, *labels: str) -> None:
        key = self.description.bounded(labels, self.values)
        distribution = self.values.get(key)
        if distribution is None:
            distribution = self.values[key] = _Distribution([0] * (len(self.bounds) + 1))
        distribution.counts[bisect_left(self.bounds, value)] += 1
        distribution.total += value

    def lines(self) -> Iterator[str]:
        yield from self.description.header("histogram")
        for labels, distribution in self.values.copy().items():
            yield from self._series(labels, distribution)

    def _series(self, labels: Labels, distribution: _Distribution) -> Iterator[str]:
        sample, count = self.description.sample, 0
        for bound, here in zip((*self.bounds, float("inf")), distribution.counts, strict=True):
            count += here
            yield sample(labels, count, suffix="_bucket", le=render_number(bound))
        yield sample(labels, distribution.total, suffix="_sum")
        yield sample(labels, count, suffix="_count")


def render(families: Iterable[Family]) -> bytes:
    """Render all families, with a newline after each line."""
    lines = (line + "\n" for family in families for line in family.lines())
    return "".join(lines).encode(errors="replace")


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def render_number(number: float) -> str:
    if number == float("inf"):
        return "+Inf"
    return str(int(number)) if float(number).is_integer() else repr(float(number))
