"""A small schema, as if loaded from a database: channels, videos, tags, people; a few functions."""

from typing import Any

import pytest

from edge.emulator.rest.schema.catalog import CatalogRows, build_cache
from edge.emulator.rest.schema.model import SchemaCache


def _relation(name: str, columns: dict[str, str], key: tuple[str, ...] = ("id",)) -> dict[str, Any]:
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


def _foreign_key(
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


def _routine(name: str, result: str, parameters: dict[str, str], **more: Any) -> dict[str, Any]:
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


@pytest.fixture(scope="session")
def cache() -> SchemaCache:
    """What planning knows in these tests."""
    videos = {
        "id": "bigint",
        "title": "text",
        "meta": "jsonb",
        "tags": "text[]",
        "search": "tsvector",
        "channel_id": "integer",
    }
    people = {"id": "integer", "name": "text", "manager_id": "integer"}
    messages = {"id": "integer", "sender_id": "integer", "recipient_id": "integer"}
    both = {"video_id": "bigint", "label_id": "integer"}
    return build_cache(
        CatalogRows(
            fingerprint="1",
            relations=[
                _relation("channels", {"id": "integer", "name": "text"}),
                _relation("videos", videos),
                _relation("labels", {"id": "integer", "label": "text"}),
                _relation("video_labels", both, ("video_id", "label_id")),
                _relation("people", people),
                _relation("messages", messages),
            ],
            foreign_keys=[
                _foreign_key("messages", "recipient_id", "people"),
                _foreign_key("messages", "sender_id", "people"),
                _foreign_key("people", "manager_id", "people"),
                _foreign_key("video_labels", "label_id", "labels", in_key=True),
                _foreign_key("video_labels", "video_id", "videos", in_key=True),
                _foreign_key("videos", "channel_id", "channels"),
            ],
            routines=[
                _routine("add", "integer", {"a": "integer", "b": "integer"}, volatility="i"),
                _routine("find", "videos", {"q": "text"}, **VIDEO_ROWS),
                _routine("whole", "json", {"": "json"}),
                _routine("twice", "integer", {"n": "integer"}),
                _routine("twice", "text", {"n": "text"}),
                _routine("nothing", "void", {}),
                _routine("nameless", "integer", {"": "integer"}),
            ],
            types=[{"name": "text", "qualified": "pg_catalog.text"}],
            role_settings=[{"role": "anon", "name": "statement_timeout", "value": "3s"}],
        )
    )
