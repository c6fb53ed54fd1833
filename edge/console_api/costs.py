"""Tokens and cost of a request's calls to models; what no provider told is computed by prices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from edge.project.prices import Price, find_price

_INPUT: Final = "gen_ai.usage.input_tokens"
_OUTPUT: Final = "gen_ai.usage.output_tokens"
_COST: Final = "gen_ai.usage.cost"
_COMPUTED: Final = "edge.cost.computed"
_CACHED: Final = "gen_ai.usage.cache_read.input_tokens"
_WRITTEN: Final = "gen_ai.usage.cache_creation.input_tokens"
_MOST_NAMED: Final = 5


def add_usage(
    row: Mapping[str, Any], spans: Sequence[Mapping[str, Any]], prices: Mapping[str, Price]
) -> dict[str, Any] | None:
    """Add computed costs to the spans; returns the usage of each call and its sum, None if none.

    A call's own page has no span that tells its tokens: the row does.
    """
    calls = [_render(*each, prices) for each in _find_calls(row, spans)]
    if not calls:
        return None
    known = [call["cost"] for call in calls if call["cost"] is not None]
    unknown = sorted({call["model"] or "*" for call in calls if call["unpriced"]})
    return {
        "calls": calls,
        "input_tokens": sum(call["input_tokens"] for call in calls),
        "output_tokens": sum(call["output_tokens"] for call in calls),
        "cost": round(sum(known), 12) if known else None,
        "computed": any(call["computed"] for call in calls),
        "hint": _hint(unknown) if unknown else "",
    }


def _find_calls(
    row: Mapping[str, Any], spans: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Find what told tokens or a cost: the id, the name and the attributes of each."""
    own: dict[str, Any] = row["attributes"] or {}
    if _is_call(own):
        yield str(row["id"]), str(own.get("gen_ai.operation.name", "")), own
    for span in spans:
        if _is_call(span["attributes"]):
            yield span["id"], span["name"], span["attributes"]


def _is_call(attributes: Mapping[str, Any]) -> bool:
    return any(name in attributes for name in (_INPUT, _OUTPUT, _COST))


def _render(
    id_: str, name: str, attributes: dict[str, Any], prices: Mapping[str, Price]
) -> dict[str, Any]:
    named = (attributes.get(f"gen_ai.{side}.model") for side in ("request", "response"))
    models = [model for model in named if model]
    given, made = attributes.get(_INPUT, 0), attributes.get(_OUTPUT, 0)
    cached, written = attributes.get(_CACHED, 0), attributes.get(_WRITTEN, 0)
    price = find_price(prices, models)
    if price and _COST not in attributes and _INPUT in attributes:  # output alone is not all
        cost = price.compute(given, made, cached=cached, written=written)
        attributes |= {_COST: cost, _COMPUTED: True}
    return {
        "id": id_,
        "name": name,
        "model": models[0] if models else "",
        "input_tokens": given,
        "cached_tokens": cached,
        "output_tokens": made,
        "cost": attributes.get(_COST),
        "computed": attributes.get(_COMPUTED, False),
        "unpriced": price is None and _COST not in attributes,
    }


def _hint(models: Sequence[str]) -> str:
    """Name the setting that is missing."""
    missing = ", ".join(f'"{model}"' for model in models[:_MOST_NAMED])
    more = " and more" if len(models) > _MOST_NAMED else ""
    return (
        f"No price is set for {missing}{more}. Add to edge.toml, in dollars per million tokens,"
        f' and start again: [recording.prices] "{models[0]}" = {{ input = …, output = … }}'
    )
