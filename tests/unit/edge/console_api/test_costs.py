"""Tokens and cost of a request's calls to models."""

from typing import Any

from edge.console_api.costs import add_usage
from edge.project.prices import Price

PRICES = {"a": Price(1.0, 2.0, 1.0, 1.0)}


def call(**usage: float) -> dict[str, Any]:
    attributes = {f"gen_ai.usage.{name}": value for name, value in usage.items()}
    return {"id": "1", "name": "chat a", "attributes": {"gen_ai.request.model": "a", **attributes}}


def test_a_cost_that_the_provider_tells_stays() -> None:
    found = add_usage({"attributes": None}, [call(input_tokens=5, cost=7.0)], PRICES)

    assert found
    assert (found["cost"], found["computed"], found["hint"]) == (7.0, False, "")


def test_no_cost_is_computed_of_output_alone() -> None:
    found = add_usage({"attributes": None}, [call(output_tokens=5)], PRICES)

    assert found
    assert (found["cost"], found["hint"]) == (None, "")


def test_a_request_that_asked_no_model_has_no_usage() -> None:
    span: dict[str, Any] = {"id": "1", "name": "SELECT", "attributes": {"url.path": "/rest/v1/a"}}

    assert add_usage({"attributes": None}, [span], PRICES) is None
