"""Describe one table, view or function as parts of an OpenAPI 2.0 document.

Follows PostgREST's Response/OpenAPI.hs (makeTableDef, makePathItem, makeProcPathItem).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from edge.emulator.rest.record import record
from edge.emulator.rest.request.media import JSON, OBJECT
from edge.emulator.rest.response.openapi_types import (
    Schema,
    describe_argument,
    describe_type,
    parse_default,
)
from edge.emulator.rest.schema.model import Parameter, Relation, Relationship

OBJECTS: Final = (JSON, f"{OBJECT};nulls=stripped", OBJECT)
_ON_READ: Final = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")
_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@record
class Part:
    """Members of the document's `paths`, `definitions` and `parameters`, without braces."""

    paths: bytes
    definitions: bytes = b""
    parameters: bytes = b""


@record
class RelationFacts:
    """What the catalogue tells of a relation; `columns` as openapi_relations.sql has them."""

    name: str
    description: str | None
    columns: tuple[Mapping[str, Any], ...]


@record
class RoutineFacts:
    """What the catalogue tells of a function."""

    name: str
    description: str | None
    is_volatile: bool
    parameters: tuple[Parameter, ...]

    @property
    def place(self) -> tuple[object, ...]:
        """The place among the overloads: the last that a role may call is the one described."""
        names = [(found.name, found.type) for found in self.parameters]
        return self.name, len(names), names


def encode_members(members: Mapping[str, Any]) -> bytes:
    """Return the members of a JSON object, without its braces."""
    return _encode(members)[1:-1].encode()


def describe_relation(
    facts: RelationFacts, relation: Relation, relationships: Iterable[Relationship]
) -> Part:
    name, targets = facts.name, _foreign_keys(relation, relationships)
    properties = {
        column["name"]: _property(column, relation, targets.get(column["name"]))
        for column in facts.columns
    }
    definition: Schema = {"type": "object", "description": facts.description}
    definition["properties"] = properties
    definition["required"] = [found["name"] for found in facts.columns if found["is_required"]]
    filters = {
        f"rowFilter.{name}.{column['name']}": query_parameter(column["name"], column["description"])
        for column in facts.columns
    }
    body = {
        "name": name,
        "description": name,
        "required": False,
        "in": "body",
        "schema": {"$ref": f"#/definitions/{name}"},
    }
    return Part(
        encode_members({f"/{name}": _operations(facts, relation, list(filters))}),
        encode_members({name: _without_empty(definition)}),
        encode_members({f"body.{name}": body, **filters}),
    )


def describe_routine(facts: RoutineFacts) -> Part:
    operation = {
        **_summary(facts.description),
        "tags": [f"(rpc) {facts.name}"],
        "produces": OBJECTS,
        "responses": {"200": {"description": "OK"}},
    }
    schema: Schema = {"type": "object", "description": facts.description}
    schema["properties"] = {found.name: describe_type(found.type) for found in facts.parameters}
    schema["required"] = [found.name for found in facts.parameters if found.is_required]
    body = {"name": "args", "required": True, "in": "body", "schema": _without_empty(schema)}
    methods = {"post": {**operation, "parameters": [body, _refer("preferParams")]}}
    if not facts.is_volatile:
        arguments = [_argument(found) for found in facts.parameters]
        methods["get"] = _without_empty({**operation, "parameters": arguments})
    return Part(encode_members({f"/rpc/{facts.name}": methods}))


def query_parameter(name: str, description: str | None, place: str = "query") -> Schema:
    """Return a parameter of text that may be left out."""
    return _without_empty(
        {"name": name, "description": description, "required": False, "in": place, "type": "string"}
    )


def _without_empty(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if value not in (None, [], {})}


def _refer(parameter: str) -> Schema:
    return {"$ref": f"#/parameters/{parameter}"}


def _summary(comment: str | None) -> Schema:
    """Return a comment's first line as summary, and the others as description."""
    if comment is None:
        return {}
    summary, _, rest = comment.partition("\n")
    description = rest.lstrip("\n")
    return {"summary": summary, **({"description": description} if description else {})}


def _operations(facts: RelationFacts, relation: Relation, filters: list[str]) -> Schema:
    """Return the methods: PostgREST tells all that write if the relation allows one of them."""
    name = facts.name
    shared = {**_summary(facts.description), "tags": [name]}

    def operation(parameters: Iterable[str], responses: Schema) -> Schema:
        return {**shared, "parameters": [*map(_refer, parameters)], "responses": responses}

    rows = {"type": "array", "items": {"$ref": f"#/definitions/{name}"}}
    found = {
        "200": {"description": "OK", "schema": rows},
        "206": {"description": "Partial Content"},
    }
    methods = {"get": operation([*filters, *_ON_READ], found)}
    if relation.is_insertable or relation.is_updatable or relation.is_deletable:
        body, done = f"body.{name}", {"204": {"description": "No Content"}}
        created = {"201": {"description": "Created"}}
        methods["post"] = operation([body, "select", "preferPost"], created)
        methods["patch"] = operation([*filters, body, "preferReturn"], done)
        methods["delete"] = operation([*filters, "preferReturn"], done)
    return methods


def _property(
    column: Mapping[str, Any], relation: Relation, target: tuple[str, str] | None
) -> Schema:
    known = relation.columns.get(column["name"])
    schema = describe_type(column["type"])
    default = parse_default(column["type"], known.default if known else None)
    if default is not None:
        schema["default"] = default
    if description := _describe_column(column, relation, target):
        schema["description"] = description
    if column["choices"]:
        schema["enum"] = column["choices"]
    if column["max_length"] is not None:
        schema["maxLength"] = column["max_length"]
    return schema


def _describe_column(
    column: Mapping[str, Any], relation: Relation, target: tuple[str, str] | None
) -> str | None:
    notes: list[str] = []
    if column["name"] in relation.primary_key:
        notes.append("This is a Primary Key.<pk/>")
    if target:
        table, key = target
        notes.append(
            f"This is a Foreign Key to `{table}.{key}`.<fk table='{table}' column='{key}'/>"
        )
    comment: str | None = column["description"]
    if not notes:
        return comment
    return "".join((f"{comment}\n\n" if comment is not None else "", "\n".join(("Note:", *notes))))


def _foreign_keys(
    relation: Relation, relationships: Iterable[Relationship]
) -> Mapping[str, tuple[str, str]]:
    """Return the table and column that a column references, of the same schema."""
    found: dict[str, tuple[str, str]] = {}
    for column, target in _single_keys(relation, relationships):
        found.setdefault(column, target)
    return found


def _single_keys(
    relation: Relation, relationships: Iterable[Relationship]
) -> Iterator[tuple[str, tuple[str, str]]]:
    for each in relationships:
        is_outward = each.is_to_one and not each.is_parent and not each.function
        if is_outward and each.schema == relation.id.schema and len(each.columns) == 1:
            ((here, there),) = each.columns
            yield here, (each.target.name, there)


def _argument(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "required": parameter.is_required,
        "in": "query",
        **describe_argument(parameter.type, is_variadic=parameter.is_variadic),
    }
