"""Rows as the catalogue queries return them, to build a schema cache without a database."""

from typing import Any


def relation_row(
    name: str, columns: dict[str, str], key: tuple[str, ...] = ("id",)
) -> dict[str, Any]:
    entries = [
        {"name": column, "type": kind, "base_type": kind, "default": None}
        for column, kind in columns.items()
    ]
    return {
        "schema": "public",
        "name": name,
        "kind": "r",
        "columns": entries,
        "primary_key": list(key),
        "computed": [],
        "operations": 28,
    }


def foreign_key_row(
    source: str, column: str, target: str, *, unique: bool = False, in_key: bool = False
) -> dict[str, Any]:
    return {
        "constraint": f"{source}_{column}_fkey",
        "source_schema": "public",
        "source_table": source,
        "target_schema": "public",
        "target_table": target,
        "columns": [[column, "id"]],
        "is_unique": unique,
        "is_in_primary_key": in_key,
    }


def routine_row(name: str, result: str, parameters: dict[str, str], **more: Any) -> dict[str, Any]:
    entries = [
        {"name": key, "type": kind, "is_required": True, "is_variadic": False}
        for key, kind in parameters.items()
    ]
    row = {
        "schema": "public",
        "name": name,
        "parameters": entries,
        "outputs": [],
        "return_type": result,
        "returns_set": False,
        "is_composite": False,
        "volatility": "v",
        "row_schema": None,
        "row_name": None,
        "settings": [],
    }
    return row | more


VIDEO_ROWS = {
    "returns_set": True,
    "is_composite": True,
    "row_schema": "public",
    "row_name": "videos",
    "volatility": "s",
}
