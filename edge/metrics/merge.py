"""Adds up what several processes expose in Prometheus' text format."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from edge.metrics.exposition import render_number

_HELP: Final = "# HELP "
_TYPE: Final = "# TYPE "


@dataclass(slots=True)
class _Family:
    comments: list[str] = field(default_factory=list[str])
    samples: dict[str, float] = field(default_factory=dict[str, float])
    is_gauge: bool = False


def merge(texts: Iterable[bytes]) -> bytes:
    """Add up samples of the same name and labels; families stay in the order of the first text."""
    families: dict[str, _Family] = {}
    for text in texts:
        _add(families, text)
    return _render(families.values())


def without_gauges(text: bytes) -> bytes:
    """Return what only grows: the numbers of a process that is gone, as far as they stay true."""
    families: dict[str, _Family] = {}
    _add(families, text)
    return _render(family for family in families.values() if not family.is_gauge)


def _add(families: dict[str, _Family], text: bytes) -> None:
    family = _Family()
    for line in text.decode().splitlines():
        if line.startswith(_HELP):
            family = families.setdefault(line.split(" ", 3)[2], _Family())
            if not family.comments:
                family.comments.append(line)
        elif line.startswith(_TYPE):
            family.is_gauge = line.endswith(" gauge")
            if len(family.comments) < 2:
                family.comments.append(line)
        elif line:
            key, _, number = line.rpartition(" ")
            family.samples[key] = family.samples.get(key, 0.0) + float(number)


def _render(families: Iterable[_Family]) -> bytes:
    def lines() -> Iterator[str]:
        for family in families:
            yield from family.comments
            for key, number in family.samples.items():
                yield f"{key} {render_number(number)}"

    return "".join(f"{line}\n" for line in lines()).encode()
