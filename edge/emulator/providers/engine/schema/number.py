"""Numbers fitted to the bounds and multipleOf of a schema."""

import math

from edge.emulator.providers.engine.schema.document import Node
from edge.emulator.providers.engine.schema.draft import Grade


def fit_number(value: float | Grade | None, node: Node, *, is_integer: bool) -> int | float:
    """Fit a number, or a grade on the schema's scale, to bounds and multipleOf."""
    low, high = _scale(node, is_integer=is_integer)
    if isinstance(value, Grade):
        share = value.ratio or 0.0
        value = low + share * (high - low) if value.ratio is not None else low
    number = _clamp(float(value or 0), node)
    step = float(node.get("multipleOf", 1 if is_integer else 0))
    if step:
        number = _snap(number, step, node)
    return round(number) if is_integer else round(number, 4)


def _scale(node: Node, *, is_integer: bool) -> tuple[float, float]:
    """Return the schema's bounds; by default 0 to 1, or 0 to 100 for integers."""
    low = float(node.get("minimum", node.get("exclusiveMinimum", 0)))
    default = 100.0 if is_integer else 1.0
    return low, float(node.get("maximum", node.get("exclusiveMaximum", max(default, low))))


def _clamp(number: float, node: Node) -> float:
    nudge = 1e-3
    low = max(
        float(node.get("minimum", -math.inf)),
        float(node.get("exclusiveMinimum", -math.inf)) + nudge,
    )
    high = min(
        float(node.get("maximum", math.inf)), float(node.get("exclusiveMaximum", math.inf)) - nudge
    )
    return min(max(number, low), high)


def _snap(number: float, step: float, node: Node) -> float:
    below, above = math.floor(number / step) * step, math.ceil(number / step) * step
    nearest = sorted((below, above), key=lambda each: abs(each - number))
    return next((each for each in nearest if _clamp(each, node) == each), nearest[0])
