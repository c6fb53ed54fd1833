"""Describe an exposed schema as OpenAPI 2.0: tables, views and functions.

Follows PostgREST's Response/OpenAPI.hs.
"""

import json
from collections.abc import Iterable
from typing import Any

from edge.emulator.rest.schema.model import Relation, Routine, SchemaCache

_JSON_TYPES = {
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
    "boolean": "boolean",
}


def render_openapi(cache: SchemaCache, schema: str) -> bytes:
    """Render names, columns and methods, regardless of privileges."""
    relations = sorted(
        (found for found in cache.relations.values() if _is_shown(found, schema)),
        key=lambda found: found.id,
    )
    routines = [
        found
        for name in sorted(cache.routines)
        if name.schema == schema
        for found in cache.routines[name]
    ]
    document = {
        "swagger": "2.0",
        "info": {"title": "standard public schema", "version": "14.0"},
        "basePath": "/",
        "consumes": ["application/json", "text/csv"],
        "produces": ["application/json", "text/csv"],
        "paths": {"/": {"get": _operation("Introspection")}} | _paths(relations, routines),
        "definitions": {found.id.name: _definition(found) for found in relations},
    }
    return json.dumps(document).encode()


def _is_shown(relation: Relation, schema: str) -> bool:
    return relation.id.schema == schema and relation.is_queryable


def _operation(tag: str) -> dict[str, Any]:
    return {"tags": [tag], "responses": {"200": {"description": "OK"}}}


def _paths(relations: Iterable[Relation], routines: Iterable[Routine]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for relation in relations:
        paths[f"/{relation.id.name}"] = {
            method: _operation(relation.id.name) for method in methods(relation) if method != "put"
        }
    for routine in routines:
        verbs = ["post"] if routine.is_volatile else ["get", "post"]
        tag = f"(rpc) {routine.id.name}"
        paths[f"/rpc/{routine.id.name}"] = {verb: _operation(tag) for verb in verbs}
    return paths


def methods(relation: Relation) -> list[str]:
    """Return the HTTP methods that the relation supports, besides OPTIONS and HEAD."""
    allowed = {
        "get": True,
        "post": relation.is_insertable,
        "put": relation.is_insertable and relation.is_updatable and bool(relation.primary_key),
        "patch": relation.is_updatable,
        "delete": relation.is_deletable,
    }
    return [method for method, is_allowed in allowed.items() if is_allowed]


def _definition(relation: Relation) -> dict[str, Any]:
    properties = {
        column.name: {
            "format": column.type,
            "type": _JSON_TYPES.get(column.base_type, "string"),
        }
        for column in relation.columns.values()
    }
    return {"type": "object", "properties": properties}
