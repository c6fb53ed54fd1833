"""Any JSON Schema gets a valid instance."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.emulator.providers.engine.answer import Task, answer_task
from tests.support.json_schema import problems
from tests.support.transcripts import DISCOVERY, RECIPE

_NAMES_TEXT = """
summary title questions score sentiment next_steps speakers x a_b keywordCount dates isUrgent
analysis key_metrics objections price
"""
_NAMES = st.sampled_from(_NAMES_TEXT.split())


def fill(schema: Any, text: str = DISCOVERY) -> Any:
    return json.loads(answer_task(Task((text,), "", schema)))


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["plain", "format", "enum", "length", "pattern"]))
    if kind == "format":
        names = ["date", "date-time", "uuid", "email", "uri", "ipv4", "unheard-of"]
        return {"type": "string", "format": draw(st.sampled_from(names))}
    if kind == "enum":
        values = ["low", "high", "medium", "red", "positive", "neutral", None, 3]
        return {"enum": draw(st.lists(st.sampled_from(values), min_size=1, unique=True))}
    if kind == "length":
        least = draw(st.integers(0, 30))
        return {
            "type": "string",
            "minLength": least,
            "maxLength": least + draw(st.integers(0, 30)),
        }
    if kind == "pattern":
        patterns = [r"^\d{4}$", r"^[A-Z]{2}-\d+$", r"^(?:yes|no)$", r"\w+@\w+", r"^#[0-9a-f]{6}$"]
        return {"type": "string", "pattern": draw(st.sampled_from(patterns))}
    return {"type": "string"}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    low = draw(st.integers(-50, 50))
    schema: dict[str, Any] = {"type": kind}
    if draw(st.booleans()):
        schema["minimum"] = low
    if draw(st.booleans()):
        schema["maximum"] = low + draw(st.integers(10, 100))
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 5, 10]))
    return schema


_SCALARS = st.one_of(
    strings(),
    numbers(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"const": {"a": [1, None]}}),
    st.just({"type": ["string", "null"]}),
    st.just({}),
    st.just(True),
)


def _arrays(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda item, least, more: {
            "type": "array",
            "items": item,
            "minItems": least,
            "maxItems": least + more,
        },
        items,
        st.integers(0, 4),
        st.integers(0, 4),
    )


def _objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(_NAMES, values, max_size=4).map(
        lambda properties: {
            "type": "object",
            "properties": properties,
            "required": list(properties)[::2],
            "additionalProperties": False,
        }
    )


_SCHEMAS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        _arrays(inner),
        _objects(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each}),
        inner.map(lambda each: {"oneOf": [each, {"type": "null"}]}),
    ),
    max_leaves=8,
)


TEXTS = {"talk": DISCOVERY[:2500], "recipe": RECIPE, "nothing": "", "little": "One. Two? 3!"}


@given(_SCHEMAS, st.sampled_from(sorted(TEXTS)))
@settings(max_examples=250, deadline=None)
def test_generated_schemas_are_filled_validly(schema: Any, text: str):
    if isinstance(schema, bool):
        schema = {"allOf": [schema]}

    assert problems(schema, fill(schema, TEXTS[text])) == []


TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "children", "next"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    "schema",
    [
        TREE,
        {"type": "array", "items": {"type": "string"}, "minItems": 9, "uniqueItems": True},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer"}}}]},
        {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 0.01},
        {"properties": {"a": {"$ref": "#/definitions/x~1y"}}, "definitions": {"x/y": {"const": 1}}},
        {"type": "string", "format": "date", "description": "when"},
        {"type": "object", "required": ["undeclared"]},
    ],
)
def test_unusual_schemas_are_filled_validly(schema: dict[str, Any]):
    if schema.get("properties", {}).get("a", {}).get("$ref"):
        assert fill(schema) == {"a": 1}
    else:
        assert problems(schema, fill(schema)) == []


def test_bounds_that_an_sdk_moved_into_the_description_are_kept():
    schema = {"type": "integer", "description": "How good. {minimum: 4, maximum: 6}"}

    assert 4 <= fill(schema) <= 6


def test_a_pattern_is_stretched_to_the_least_length():
    assert fill({"type": "string", "pattern": "^[a-z]+$", "minLength": 12}, "") == "a" * 12


def test_names_decide_what_is_taken_from_the_text():
    names = ("questions", "speakers", "next_steps", "quotes", "keywords", "objections", "dates")
    strings = {"type": "array", "items": {"type": "string"}}
    answer = fill({"type": "object", "properties": dict.fromkeys(names, strings)})

    assert answer["speakers"] == ["Maya Chen", "Daniel Ortiz", "Priya Nair"]
    assert all(question.endswith("?") for question in answer["questions"])
    assert "That's too expensive." in answer["objections"]
    assert "Thursday" in answer["dates"]
    assert "I'll send the invite today, the security report tomorrow and the calculation by" in (
        " ".join(answer["next_steps"])
    )
    assert all(quote in DISCOVERY for quote in answer["quotes"])


def test_an_enumerated_sentiment_follows_the_text():
    schema = {
        "type": "object",
        "properties": {"sentiment": {"enum": ["positive", "neutral", "negative"]}},
    }
    glad = fill(schema, "Ann: Can we go on?\nBob: Great, that sounds perfect. I love it.")
    sour = fill(schema, "Ann: Can we go on?\nBob: I doubt it. We're not convinced, it won't work.")

    assert (glad["sentiment"], sour["sentiment"]) == ("positive", "negative")
