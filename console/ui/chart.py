"""Small charts, drawn as SVG on the server; the figures are in their description, too."""

from collections.abc import Sequence
from typing import Final

from nicegui import ui

_WIDTH: Final = 600
_HEIGHT: Final = 64


def bars(values: Sequence[float], label: str, *, bad: Sequence[float] | None = None) -> None:
    """Draw one bar a value; `bad` is the part of each that failed."""
    highest = max([*values, 1])
    step = _WIDTH / max(len(values), 1)
    shapes = [_bar(n, step, value / highest, "bar-all") for n, value in enumerate(values)]
    shapes += [_bar(n, step, value / highest, "bar-bad") for n, value in enumerate(bad or ())]
    text = f"{label}: highest {highest:,.0f}, last {values[-1] if values else 0:,.0f}"
    ui.html(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" class="chart" role="img"'
        f' aria-label="{text}">{"".join(shapes)}</svg>',
        sanitize=False,  # numbers and our own labels only
    ).classes("full")


def _bar(number: int, step: float, share: float, kind: str) -> str:
    height = max(share * (_HEIGHT - 2), 1 if share else 0)
    return (
        f'<rect class="{kind}" x="{number * step:.2f}" y="{_HEIGHT - height:.2f}"'
        f' width="{max(step - 1, 0.5):.2f}" height="{height:.2f}"/>'
    )
